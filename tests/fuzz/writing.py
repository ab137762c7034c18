"""What a campaign leaves behind: each fault as a problem and as a ready test, and the tables of counts."""

from __future__ import annotations

import json
import pprint
import re
from typing import TYPE_CHECKING

from tests.fuzz.families import FAMILIES
from tests.fuzz.paths import PATHS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fuzz.campaign import Found, Tally

TEST = '''"""Found by `python3 dev.py fuzz --seed {seed} --index {index} --only {family}/{path}`.

Said: {said}
"""

from __future__ import annotations

from typing import Any

from tests.fuzz.examine import faults_of

DOCUMENT: dict[str, Any] = {document}


def test_{name}() -> None:
    """{rule}."""
    assert faults_of({path!r}, DOCUMENT, {key!r}) == []
'''


def write_fault(folder: Path, seed: int, found: Found) -> Path:
    """Write the problem and the test of one fault; returns the test's path."""
    folder.mkdir(parents=True, exist_ok=True)
    words = re.findall(r"[a-z0-9]+", f"{found.path} {found.fault.rule}".lower())
    name = "_".join(words)[:60].strip("_") + f"_{seed}_{found.index}"
    (folder / f"{name}.json").write_text(json.dumps(found.document, indent=1) + "\n")
    text = TEST.format(
        seed=seed,
        index=found.index,
        family=found.family,
        path=found.path,
        said=re.sub(r'["\\]', "'", found.fault.said)[:600],
        document=pprint.pformat(found.document, width=110, sort_dicts=False),
        name=name,
        rule=re.sub(r'["\\]', "'", found.fault.rule)[:100],
        key=found.key,
    )
    path = folder / f"test_{name}.py"
    path.write_text(text)
    return path


def write_tally(file: Path, tally: Tally) -> None:
    """The counts as JSON, so that those of several campaigns can be added up."""
    counts = {
        "problems": dict(tally.problems),
        "truths": {f"{family}/{word}": n for (family, word), n in tally.truths.items()},
        "runs": dict(tally.runs),
        "reached": dict(tally.reached),
        "statuses": {f"{path}/{word}": n for (path, word), n in tally.statuses.items()},
        "faults": {f"{path}/{rule}": n for (path, rule), n in tally.faults.items()},
        "left_behind": dict(tally.left_behind),
        "seconds": round(tally.wall),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(counts, indent=1) + "\n")


def report(tally: Tally, found: list[Found]) -> Iterator[str]:
    """The tables, line by line: families, paths, faults."""
    total = sum(tally.problems.values())
    yield f"{total} problems in {tally.wall:.0f} s, {1000 * tally.wall / max(1, total):.1f} ms each"
    if tally.left_behind:
        yield f"searches that went on after their answer, on problems with these paths: {dict(tally.left_behind)}"
    yield ""
    yield f"{'family':12} {'problems':>8} {'plan':>7} {'none':>7} {'too many':>8} {'refused':>7}"
    for family in FAMILIES:
        counts = [tally.truths[family, word] for word in ("plan", "none", "not enumerated", "refused")]
        yield f"{family:12} {tally.problems[family]:8} {counts[0]:7} {counts[1]:7} {counts[2]:8} {counts[3]:7}"
    yield ""
    yield f"{'path':26} {'runs':>7} {'reached':>7} {'optimal':>7} {'infeas.':>7} {'plan':>7} {'unknown':>7} {'ms':>7}"
    for path in PATHS:
        runs = tally.runs[path.name]
        words = [tally.statuses[path.name, word] for word in ("optimal", "infeasible", "feasible", "unknown")]
        counts_shown = " ".join(f"{n:7}" for n in (runs, tally.reached[path.name], *words))
        yield f"{path.name:26} {counts_shown} {1000 * tally.seconds[path.name] / max(1, runs):7.1f}"
    yield ""
    yield f"{sum(tally.faults.values())} faults"
    for (path_name, rule), n in tally.faults.most_common():
        yield f"{n:6} {path_name}: {rule}"
    for one in found:
        if one.document is not None:
            rows = sum(len(one.document.get(key, ())) for key in ("pools", "components", "instances", "placements"))
            again = "" if one.again else ", did not show again"
            yield f"  {one.family}/{one.path} --index {one.index}: {rows} rows{again}: {one.fault}"

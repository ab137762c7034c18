"""The problem and the rates of `instances/codegen-week`: the CodeGen models over a week, for `placement simulate`.

    python tools/make_codegen_week.py

Components, machines and prices are those of `instances/codegen-after.yaml`; each component's highest rate wants as
many copies as stand there. The shapes of the days are made up: developers on workdays, callers at all hours, a batch
at night.
"""

from __future__ import annotations

import math
import random
from pathlib import Path

HERE = Path(__file__).resolve().parents[1] / "instances"
OUT = HERE / "codegen-week"
STEP = 30  # minutes
TARGETS = {  # requests a second that a copy is meant to serve, as in policy.yaml; copies at the peak; the shape
    "codegen-inline": (12, 8, "work"),
    "codegen-blockgen": (5, 6, "work"),
    "apexguru-review": (4, 3, "work"),
    "xgen-chat": (6, 4, "world"),
    "flowgpt": (3, 2, "meetings"),
    "flowgpt-canary": (3, 1, "meetings"),
    "xgen-summary": (3, 2, "meetings"),
    "xgen-large": (2, 2, "meetings"),
    "texteval": (10, 2, "meetings"),
    "safety-guard": (60, 3, "world"),
    "code-embedding": (80, 4, "world"),
    "nightly-eval": (2, 6, "night"),
}
HEAD = """\
# The components of codegen-after.yaml over a week (docs/guide/traffic.md), written by
# tools/make_codegen_week.py. What differs:
#   - no quotas on p4d, so that endpoints find theirs;
#   - copies that must outlive a zone: one, for a rule that says five would keep eight copies loaded all night;
#   - nightly-eval has a priority like the others, as its requests are counted too.
"""


def shape(kind: str, day: int, hour: float) -> float:
    """How busy it is, 0 to 1; day 0 is a Monday."""
    workday = day < 5
    if kind == "night":
        return 1.0 if hour < 5 else 0.0
    if kind == "world":
        return (0.62 + 0.38 * math.sin(math.pi * (hour - 8) / 12)) * (1.0 if workday else 0.6)
    if not workday:
        return 0.04 if kind == "work" and 10 <= hour < 18 else 0.0
    if kind == "meetings":
        return max(0.0, math.sin(math.pi * (hour - 8) / 10)) if 8 <= hour < 18 else 0.0
    morning, evening = 1 / (1 + math.exp(-2 * (hour - 8.5))), 1 / (1 + math.exp(-2 * (18 - hour)))
    lunch = 1 - 0.25 * math.exp(-(((hour - 12.5) / 0.7) ** 2))
    return max(0.02, morning * evening * lunch)


def rates() -> str:
    """The traffic file: a row a component, a column each half-hour."""
    rng = random.Random(20261127)
    count = 7 * 24 * 60 // STEP
    lines = [",".join(["component", *(f"t{k * STEP}" for k in range(count))])]
    for name, (target, copies, kind) in TARGETS.items():
        raw = []
        for k in range(count):
            day, hour = divmod(k * STEP / 60, 24)
            raw.append(shape(kind, int(day), hour) * rng.uniform(0.94, 1.0))
        top = max(raw)
        lines.append(",".join([name, *(f"{0.99 * target * copies * value / top:.3g}" for value in raw)]))
    return "\n".join(lines) + "\n"


def problem() -> str:
    """The text of codegen-after.yaml with the changes that its head names."""
    text = (HERE / "codegen-after.yaml").read_text("utf-8")
    text = HEAD + text[text.index("format:") :].replace("name: codegen-after", "name: codegen-week", 1)
    found = []
    for line in text.splitlines():
        if line.startswith(("# p4d is on its way out", "# where it can be had at all")):
            continue
        if "instance_type: ml.p4d" in line:
            line = line.replace(", max_instances: 1", "")
        if line.startswith("    min_available_on_zone_loss:"):
            line = "    min_available_on_zone_loss: 1"
        if line.startswith(("    min_copies: 0", "    priority: 0")):
            continue
        found.append(line)
    return "\n".join(found) + "\n"


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    (OUT / "problem.yaml").write_text(problem(), "utf-8")
    (OUT / "rates.csv").write_text(rates(), "utf-8")

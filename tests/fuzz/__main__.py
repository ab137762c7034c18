"""The command behind `python3 dev.py fuzz`."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python3 dev.py fuzz",
        description="Look for wrong answers on random problems; see docs/develop/testing.md.",
    )
    parser.add_argument("--minutes", type=float, help="how long (default: 1, unless problems are given)")
    parser.add_argument("--problems", type=int, help="how many problems")
    parser.add_argument("--seed", type=int, help="of the problems (default: a fresh one, which is printed)")
    parser.add_argument("--index", type=int, default=0, help="the first problem of the seed; alone it is the only one")
    parser.add_argument("--only", default="", help="FAMILY, FAMILY/PATH or /PATH")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes (default: 2)")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "fuzz", help="folder for what is found")
    parser.add_argument("--coverage", action="store_true", help="list the lines of the package that no run came to")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Exit 0 when nothing was found, 1 when something was, 2 when the command can't be read."""
    given = parse(arguments)
    from tests.fuzz.campaign import Campaign, Plan
    from tests.fuzz.families import FAMILIES
    from tests.fuzz.paths import BY_NAME
    from tests.fuzz.writing import report, write_tally
    from tests.referee import referee_is_here

    family, _, path = given.only.partition("/")
    if (family and family not in FAMILIES) or (path and path not in BY_NAME):
        print(f"no {given.only}: families are {', '.join(FAMILIES)}; paths are {', '.join(BY_NAME)}", file=sys.stderr)
        return 2
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    problems = given.problems
    if problems is None and given.minutes is None and given.index:
        problems = 1
    minutes = 1.0 if problems is None and given.minutes is None else given.minutes
    seconds = None if minutes is None else 60 * minutes
    print(f"seed {seed}, from problem {given.index}", flush=True)
    if not referee_is_here():
        print("SKIPPED: there is no ../shared/referee.py beside this clone; one judge fewer", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder) / "data") if given.coverage else ""
        plan = Plan(seed, given.index, problems, seconds, family, path, max(1, given.jobs), given.out, data)
        campaign = Campaign(plan)
        found = campaign.run()
        write_tally(given.out / f"tally-{seed}-{given.index}.json", campaign.tally)
        for line in report(campaign.tally, found):
            print(line)
        if found:
            print(f"problems and tests of these are in {given.out}")
        if data:
            from tests.fuzz.lines import unreached

            for line in unreached(data):
                print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

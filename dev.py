#!/usr/bin/env python3
"""Set up the project's own environment and run its routine, with Python and git alone.

    python3 dev.py demo             solve instances/codegen-after.yaml and show the plan
    python3 dev.py check            before a commit: lint, types, and the tests of what has changed, on all cores
    python3 dev.py test [STEP ...]  the whole test routine, or only the named steps of it
    python3 dev.py nightly          all that takes long: every test on fresh examples, coverage, a long fuzz
    python3 dev.py fuzz [...]       look for wrong answers on random problems (--minutes N; docs/develop/testing.md)
    python3 dev.py mutate [MODULE]  plant faults in the modules that proofs rest on; hours, see docs/develop/mutation.md
    python3 dev.py setup            only make or refresh the environment
    python3 dev.py clean            remove the environment, caches and built files

A script rather than the Makefile alone, because a machine with only Python and git has no make; the Makefile calls
this. Standard library only. The environment is `.venv`; it is made again only when what it was made from has
changed, and nothing here needs the network once it stands. The syntax is kept to what Python 3.7 reads, so that an
older Python gets as far as saying which one it needs.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"
STAMP = VENV / "setup.json"
LOG = VENV / "setup.log"
PINS = ROOT / ".ci" / "constraints.txt"
REFEREE = ROOT.parent / "shared" / "referee.py"
INSTANCE = ROOT / "instances" / "codegen-after.yaml"

SUPPORTED = ("3.11", "3.12", "3.13")
EXTRAS = {
    "demo": (),
    "mutate": ("dev", "mutation"),
    "nightly": (
        "bench",
        "catalogue",
        "compiled",
        "dev",
        "docs",
        "pages",
        "pictures",
    ),  # cfn-lint is 180 MB: not on every change
    **dict.fromkeys(("check", "fuzz", "setup", "test"), ("bench", "dev", "docs", "pages", "pictures")),
}
FUZZ_PROBLEMS = "350"  # 8 seconds on two cores
FUZZ_MINUTES = "60"  # at night
JOBS = str(min(8, max(2, os.cpu_count() or 1)))  # more would each read all tests for little
SPREAD = ("-n", JOBS, "--dist", "worksteal")  # pytest on all cores
# In a fresh clone each worker would rewrite the asserts of all tests: 8 seconds. What fails is run again with them.
PLAIN = "--assert=plain"
REPORT, PAGES = "pytest.xml", "pages.xml"
# What looks at all of the package in no time: imports, names, the schedule, parameters, what is shipped.
WHOLE = tuple(f"tests/test_{name}.py" for name in ("architecture", "names", "packaging", "parameters", "schedule"))
# Of the tests near a change, `check` runs as many as fit into so many seconds of each core, by what they took before.
CHECK_SECONDS = 18
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TIME_LIMIT = "60"  # seconds for a solve; the instance needs a small part of it

PROBE = """
import sys
print("%d.%d" % sys.version_info[:2])
try:
    import ensurepip, venv
    print("ensurepip")
except ImportError:
    pass
try:
    import pip
    print("pip")
except ImportError:
    pass
"""


class Failure(Exception):
    """What to tell the person at the keyboard; nothing more can be done."""


# --- the environment -------------------------------------------------------------------------------------------------


def probe(python: str | Path) -> tuple[str, frozenset[str]] | None:
    """Version of an interpreter and which of ensurepip and pip it has; None when it does not run."""
    try:
        output = subprocess.check_output([str(python), "-c", PROBE], stderr=subprocess.DEVNULL, env=environment())
    except (OSError, subprocess.CalledProcessError):
        return None
    version, *modules = output.decode().split()
    return version, frozenset(modules)


def choose_python(candidates: Sequence[str | None]) -> str:
    """First candidate that is of a supported version and can make virtual environments."""
    found = []
    for python in candidates:
        facts = probe(python) if python else None
        if facts is None:
            continue
        version, modules = facts
        if version in SUPPORTED and "ensurepip" in modules:
            return str(python)
        found.append((str(python), version))
    versions = "{} or {}".format(", ".join(SUPPORTED[:-1]), SUPPORTED[-1])
    for python, version in found:
        if version in SUPPORTED:
            raise Failure(
                f"{python} is Python {version}, but has no ensurepip, so it can make no virtual environment. "
                f"On Debian or Ubuntu, as root: apt-get install python{version}-venv"
            )
    here = ", ".join(f"{python} is {version}" for python, version in found) or "none was found"
    raise Failure(
        f"Python {versions} is needed: {here}. Install one and run this file with it: python{SUPPORTED[1]} dev.py"
    )


def environment() -> dict[str, str]:
    """Variables for what we start: a path set for another project must not reach into this one."""
    # Bytecode is kept, whoever asks for none: a hundred processes import the package, and each would compile it.
    others = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
    inherited = {key: value for key, value in os.environ.items() if key not in others}
    return {**inherited, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_ROOT_USER_ACTION": "ignore"}


def fingerprint() -> str:
    """Hash of everything that decides what is installed: the declared dependencies, the pins and the version."""
    version = [line for line in (ROOT / "placement" / "__init__.py").read_text().splitlines() if "__version__" in line]
    parts = [(ROOT / "pyproject.toml").read_text(), PINS.read_text(), *version]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def read_stamp() -> dict[str, Any]:
    """What the environment was last made from; empty when it was not made here, or not to the end."""
    try:
        stamp: dict[str, Any] = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp


def set_up(extras: Sequence[str]) -> None:
    """Make or refresh `.venv` so that it holds the package (in place) and the named extras."""
    stamp, facts = read_stamp(), probe(PYTHON)
    version = facts[0] if facts else None
    # Scripts hold absolute paths, and packages belong to one version of Python: elsewhere they are of no use.
    in_place = stamp.get("root", str(ROOT)) == str(ROOT) and stamp.get("python", version) == version
    if facts is None or version not in SUPPORTED or "pip" not in facts[1] or not in_place:
        names = [shutil.which(f"python{minor}") for minor in reversed(SUPPORTED)]
        python = choose_python([sys.executable, *names, shutil.which("python3")])
        say("making .venv with " + python)
        run([python, "-m", "venv", "--clear", VENV])
        stamp, facts = {}, probe(PYTHON)
        version = facts[0] if facts else None
    current = stamp.get("fingerprint") == fingerprint()
    installed = set(stamp.get("extras", ())) if current else set()
    if current and installed.issuperset(extras):
        return
    extras = sorted(installed.union(extras))
    what = "." + ("[{}]".format(",".join(extras)) if extras else "")
    say(f"installing {what} and what it needs into .venv: a minute, perhaps two on a slow network")
    if STAMP.exists():
        STAMP.unlink()  # an install that breaks off is not to pass for a whole one
    install(["--editable", what, "--constraint", str(PINS)])
    STAMP.write_text(json.dumps({"root": str(ROOT), "python": version, "fingerprint": fingerprint(), "extras": extras}))


def install(arguments: Sequence[str]) -> None:
    """Run pip with its talk in a log; on failure show only its own error lines."""
    with LOG.open("w") as log:
        command = [str(PYTHON), "-m", "pip", "install", *arguments]
        code = subprocess.call(command, cwd=str(ROOT), env=environment(), stdout=log, stderr=subprocess.STDOUT)
    if code:
        errors = [line.strip() for line in LOG.read_text(errors="replace").splitlines() if "ERROR: " in line]
        head = "pip could not install what is needed (is there a network?); all it said is in .venv/setup.log"
        raise Failure("\n".join([head, *errors]))


# --- the steps of the routine ----------------------------------------------------------------------------------------


def run(
    command: Sequence[str | Path], cwd: Path = ROOT, quiet: bool = False, more: Mapping[str, str] | None = None
) -> None:
    """Run a command to its end, with more variables; its output is shown, or when quiet only if it fails."""
    words = [str(word) for word in command]
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if quiet else {}
    variables = {**environment(), **(more or {})}
    done = subprocess.run(words, cwd=str(cwd), env=variables, stdin=subprocess.DEVNULL, **output)  # type: ignore[call-overload]
    if done.returncode:
        if quiet:
            sys.stdout.write(done.stdout.decode(errors="replace"))
        raise Failure("`{}` ended with exit code {}".format(" ".join(words), done.returncode))


def tool(*arguments: str | Path) -> None:
    """Run an installed Python module of the environment."""
    run([PYTHON, "-m", *arguments])


def pytest(scratch: Path) -> None:
    """Unit, contract and property tests, and the examples of the package and of the documents; none that is slow.

    What failed runs once more, so that the values in its asserts are told; whatever comes of that, the step has failed.
    """
    try:
        tool("pytest", "-q", *SPREAD, PLAIN, f"--junitxml={scratch / REPORT}")
    except Failure:
        print("   what failed, again, with the values in its asserts:", flush=True)
        tool("pytest", "-q", "--last-failed", "--last-failed-no-failures=none")
        raise


def changed() -> list[str]:
    """Files that differ from the branch `main`, committed or not; on that branch itself, from the commit before."""
    commits = [git("merge-base", "HEAD", "main"), git("rev-parse", "HEAD~1")]
    base = next((commit for commit in commits if commit and commit != git("rev-parse", "HEAD")), "HEAD")
    words = [
        *git("diff", "--name-only", base).splitlines(),
        *git("ls-files", "--others", "--exclude-standard").splitlines(),
    ]
    return sorted(set(words))


def git(*arguments: str) -> str:
    """What git says; nothing where it has no such commit, or where this is no clone."""
    command = ["git", *arguments]
    try:
        return subprocess.check_output(command, cwd=str(ROOT), stderr=subprocess.DEVNULL).decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def tests_of(file: str) -> str:
    """The tests nearest to a file: of its module or room, or itself; "" for none."""
    path = Path(file)
    if path.suffix == ".md" or path.parts[0] == "instances":
        return "tests/test_examples.py"
    if path.parts[0] == "tests":
        return file if path.name.startswith("test_") else str(path.parent)
    if path.parts[0] == "benchmarks":
        return "tests/bench"
    if path.suffix != ".py" or path.parts[0] not in ("placement", "dev.py"):
        return ""
    rooms = [Path("tests", *path.parts[1:n]) for n in range(len(path.parts) - 1, 1, -1)]
    own = Path("tests", f"test_{path.stem}.py")
    return next((room.as_posix() for room in [*rooms, own] if (ROOT / room).exists()), "")


def near(_: Path) -> None:
    """Tests of the rooms that have changed, the examples in them, and what looks at the whole package at once.

    As many as fit into `CHECK_SECONDS`: those in changed files and of the whole package in any case, then those named
    like a changed module, then others of its room (tests/budget.py).
    """
    files = [file for file in changed() if (ROOT / file).exists()]
    chosen = sorted({tests for tests in map(tests_of, files) if tests not in ("", "tests")}.union(WHOLE))
    chosen = [one for one in chosen if not any(other in map(str, Path(one).parents) for other in chosen)]
    examples = [file for file in files if file.startswith("placement/") and file.endswith(".py")]
    always = [file for file in files if file.startswith("tests/") and Path(file).name.startswith("test_")]
    print("   tests of {} changed files: {}".format(len(files), ", ".join(chosen)), flush=True)
    budget = ["--budget", str(CHECK_SECONDS * int(JOBS)), "--always", *WHOLE, *always, "--nearest", *named(files)]
    tool("pytest", "-q", *SPREAD, *chosen, *examples, *budget)


def named(files: Sequence[str]) -> list[str]:
    """The examples in each module, and the file of tests that has its name."""
    modules = [file for file in files if file.startswith("placement/") and file.endswith(".py")]
    found = list(modules)
    for file in modules:
        tests = tests_of(file)
        own = tests if tests.endswith(".py") else f"{tests}/test_{Path(file).stem}.py"
        if (ROOT / own).exists():
            found.append(own)
    return found


def coverage(scratch: Path) -> None:
    """The same tests, and how many branches of the package they take: no fewer than pyproject.toml asks for."""
    for arguments in (("run", "-m", "pytest", "-q", *SPREAD), ("combine", "--quiet"), ("report", "--skip-covered")):
        run([PYTHON, "-m", "coverage", *arguments], more={"COVERAGE_FILE": str(scratch / ".coverage")})


def every_test(scratch: Path) -> None:
    """The slow and the long tests too; Hypothesis draws many more examples, and fresh ones."""
    arguments = ["-q", *SPREAD, "-m", "not pages", f"--junitxml={scratch / REPORT}"]
    run([PYTHON, "-m", "pytest", *arguments], more={"HYPOTHESIS_PROFILE": "nightly"})


def counts(reports: Sequence[Path]) -> str:
    """Closing line of the routine, from pytest's own reports."""
    suites = [suite for path in reports for suite in ElementTree.parse(str(path)).getroot().iter("testsuite")]
    total, failures, errors, skipped = (
        sum(int(suite.get(key, "0")) for suite in suites) for key in ("tests", "failures", "errors", "skipped")
    )
    return f"{total - failures - errors - skipped} passed, {failures + errors} failed, {skipped} skipped"


def pages(scratch: Path, which: str = "pages and not slow") -> None:
    """The pages in a real browser, and the example notebook. Without a browser its tests are skipped, and say so."""
    browser = find_browser()
    if browser is None and os.environ.get("CI") and install_browser():
        browser = find_browser()
    if browser is None:
        print("SKIPPED: there is no Chromium, so no page is looked at; on Debian, as root: apt-get install chromium")
    more = {"PLACEMENT_BROWSER": browser} if browser else {}
    # One process, one browser, and each plan is made once: what is beside takes the other core.
    arguments = ["-q", "-m", which, "tests/pages", f"--junitxml={scratch / PAGES}"]
    run([PYTHON, "-m", "pytest", *arguments], more=more)


def find_browser() -> str | None:
    """The browser that `PLACEMENT_BROWSER` names, or the first known one."""
    named = os.environ.get("PLACEMENT_BROWSER")
    return named or next((path for path in map(shutil.which, BROWSERS) if path), None)


def install_browser() -> bool:
    """Install Debian's Chromium where we may: as root, with apt-get. Nothing is installed on a person's machine."""
    if not shutil.which("apt-get") or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    say("installing chromium, for the tests of pages")
    apt = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        run(["apt-get", "update", "-q"], quiet=True, more=apt)
        run(["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"], quiet=True, more=apt)
    except Failure as failure:
        say(str(failure))
        return False
    return True


def wheel(scratch: Path) -> None:
    """Build the wheel, look into it, and use it from an environment that has no checkout in reach."""
    tool("pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", scratch, ".")
    (built,) = scratch.glob("*.whl")
    check_wheel(built)
    fresh = scratch / "installed"
    run([PYTHON, "-m", "venv", "--without-pip", fresh])
    fresh_bin = fresh / BIN.name
    tool("pip", "--python", fresh_bin / "python", "install", "--quiet", "--no-deps", "--no-index", built)
    borrow_dependencies(fresh_bin / "python")
    command = fresh_bin / "placement"
    where = "import sys, placement; sys.exit(0 if placement.__file__.startswith(sys.prefix) else placement.__file__)"
    run([fresh_bin / "python", "-c", where], cwd=scratch)
    run([command, "--help"], cwd=scratch, quiet=True)
    run([fresh_bin / "placement-bench", "list"], cwd=scratch, quiet=True)
    plan = scratch / "wheel-plan.json"
    run([command, "solve", INSTANCE, "--time-limit", TIME_LIMIT, "--output", plan], cwd=scratch, quiet=True)
    run([command, "verify", INSTANCE, plan], cwd=scratch, quiet=True)
    run([command, "report", INSTANCE, plan, "--html", scratch / "wheel.html"], cwd=scratch, quiet=True)
    print(f"{built.name}: installed, solved {INSTANCE.name}, plan verified and drawn")


def check_wheel(built: Path) -> None:
    """Only the packages and their metadata are shipped, with the parts of pages and the marker of types."""
    with zipfile.ZipFile(str(built)) as archive:
        names = archive.namelist()
    ours = ("placement/", "placement_bench/")
    strange = [name for name in names if not (name.startswith(ours) or ".dist-info/" in name)]
    if strange:
        raise Failure(f"the wheel holds more than the packages: {', '.join(strange)}")
    data = [
        path.relative_to(home).as_posix()
        for home in (ROOT, ROOT / "benchmarks")
        for package in ours
        for path in sorted((home / package).rglob("*"))
        if path.suffix in (".css", ".j2", ".js")
    ]
    wanted = [*(f"{package}py.typed" for package in ours), *data]
    missing = [name for name in wanted if name not in names]
    if missing:
        raise Failure(f"the wheel lacks {', '.join(missing)}")


def borrow_dependencies(python: Path) -> None:
    """Let a fresh environment see our installed dependencies, so that trying the wheel needs no network.

    A directory named in a .pth file is searched last, and .pth files inside it are not read: our own in-place
    install stays out of sight. That every dependency is declared is the business of tests/test_packaging.py.
    """
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    ours, theirs = (
        subprocess.check_output([str(one), "-c", ask], env=environment()).decode().strip() for one in (PYTHON, python)
    )
    (Path(theirs) / "dependencies.pth").write_text(ours + "\n")


def end_to_end(scratch: Path) -> None:
    """Solve the README's problem, and let the second referee, which shares no code with us, check the plan."""
    if not REFEREE.exists():
        print("SKIPPED: there is no ../shared/referee.py beside this clone; the plan has only our own word")
        return
    command, problem, plan = BIN / "placement", scratch / "problem.json", scratch / "plan.json"
    run([command, "convert", INSTANCE, problem], quiet=True)
    run([command, "solve", problem, "--time-limit", TIME_LIMIT, "--output", plan], quiet=True)
    run([PYTHON, REFEREE, problem, plan])


def sphinx(builder: str, folder: str | Path) -> None:
    """Read the documents, and make of them what the builder makes; a warning is a failure."""
    tool("sphinx", "-q", "-W", "--keep-going", "-E", "-b", builder, "docs", folder)


def quality(scratch: Path, *more: str) -> None:
    """The quick benchmark cases, with fixed work: no answer may be worse than the stored one."""
    tool("placement_bench", "run", "--quick", *more, "--jobs", JOBS, "--out", scratch / "quick")


def fuzz(_: Path) -> None:
    """Random problems of a fixed seed on every path, each answer judged: as many each time, whatever they take."""
    tool("tests.fuzz", "--seed", "16", "--problems", FUZZ_PROBLEMS, "--jobs", JOBS)


STEPS: dict[str, Callable[[Path], None]] = {
    "lint": lambda _: tool("ruff", "check", "--quiet", "."),
    "format": lambda _: tool("ruff", "format", "--check", "--quiet", "."),
    "types": lambda _: tool("mypy"),
    "pages": pages,  # first: it may have to wait for a browser, and what is beside goes on
    "pytest": pytest,
    "near": near,
    "fuzz": fuzz,
    "docs": lambda scratch: sphinx("dummy", scratch / "docs"),  # warnings alone: the pages are half of the work
    "wheel": wheel,
    "end-to-end": end_to_end,
    "quality": quality,
    "html": lambda _: sphinx("html", "docs/_build/html"),
    "coverage": coverage,
    "every-test": every_test,
    "every-page": lambda scratch: pages(scratch, "pages"),
    "every-quality": lambda scratch: quality(scratch, "--slow"),
    "long-fuzz": lambda _: tool("tests.fuzz", "--minutes", FUZZ_MINUTES, "--jobs", JOBS),
}
# Steps whose answer no clock decides: they run one after the other beside the others, so that no core is idle while a
# step begins, waits or ends.
BESIDE = ("types", "fuzz", "docs", "wheel", "end-to-end", "quality")
CHECK = ("lint", "format", "types", "near")
TEST = ("lint", "format", "types", "pages", "pytest", "fuzz", "docs", "wheel", "end-to-end", "quality")
IN_TURN = ("lint", "format", "types", "html", "wheel", "end-to-end")
NIGHTLY = (*IN_TURN, "coverage", "every-test", "every-page", "every-quality", "long-fuzz")


# --- the commands ----------------------------------------------------------------------------------------------------


def say(text: str) -> None:
    """One line about what happens next; on stderr, so that a piped plan stays clean."""
    print("dev.py:", text, file=sys.stderr, flush=True)


def demo(arguments: Sequence[str]) -> None:
    """Solve the first problem; further arguments go to `placement solve`."""
    command = [str(BIN / "placement"), "solve", str(INSTANCE.relative_to(ROOT)), *arguments]
    say("placement " + " ".join(command[1:]))
    os.chdir(str(ROOT))
    if os.name == "nt":
        sys.exit(subprocess.call(command, env=environment()))
    os.execve(command[0], command, environment())  # Ctrl-C reaches the solver alone, which answers with its best plan


def test(names: Sequence[str]) -> None:
    """Run the steps in order and stop at the first that fails."""
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        raise Failure(f"no step {', '.join(unknown)}; there are {', '.join(STEPS)}")
    chosen = [name for name in STEPS if name in (names or TEST)]
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, Beside(chosen, Path(folder)) as beside:
        for number, name in enumerate(beside.others, 1):
            print(f"== {number}/{len(beside.others)} {name}", flush=True)
            run_step(name, Path(folder))
            beside.look()
        beside.finish()
        print(f"all of {', '.join(chosen)} passed in {time.monotonic() - begin:.0f} s", flush=True)
        reports = [path for path in (Path(folder) / REPORT, Path(folder) / PAGES) if path.exists()]
        if reports:
            print(counts(reports), flush=True)


def run_step(name: str, scratch: Path) -> None:
    """Run a step and say how long it took."""
    start = time.monotonic()
    try:
        STEPS[name](scratch)
    except Failure as failure:
        raise Failure(f"test stopped at step {name}: {failure}") from None
    print(f"   {name}: ok, {time.monotonic() - start:.1f} s", flush=True)


class Beside:
    """A second `dev.py test` for the steps of `BESIDE`, beside the `others`; it ends when these fail."""

    def __init__(self, chosen: Sequence[str], scratch: Path) -> None:
        """Nothing runs yet; without others there is nothing to be beside of."""
        aside = [name for name in chosen if name in BESIDE]
        self.others = [name for name in chosen if name not in BESIDE]
        if not self.others:
            self.others, aside = aside, []
        self.command = [sys.executable, str(ROOT / "dev.py"), "test", *aside] if aside else []
        self.output = scratch / "beside.txt"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Beside:
        """Begin."""
        if self.command:
            print(f"== beside the others: {', '.join(self.command[3:])}", flush=True)
            with self.output.open("wb") as output:
                self.process = subprocess.Popen(
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=os.name != "nt",  # so that what it has started can be ended with it
                )
        return self

    def look(self) -> None:
        """Show what has come out if it has ended; it is not waited for."""
        if self.process is not None and self.process.poll() is not None:
            self.finish()

    def finish(self) -> None:
        """Wait for it, and show what came out."""
        if self.process is None:
            return
        code = self.process.wait()
        self.process = None
        sys.stdout.write(self.output.read_text(errors="replace"))
        sys.stdout.flush()
        if code:
            raise Failure("a step beside the others failed")

    def __exit__(self, *_: object) -> None:
        """End what still runs."""
        if self.process is None:
            return
        if os.name == "nt":
            self.process.kill()
        else:
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()


def nightly() -> None:
    """Run all of it, whatever fails on the way; what failed is told at the end."""
    failures = []
    for name in NIGHTLY:
        print(f"== {name}", flush=True)
        try:
            with tempfile.TemporaryDirectory() as folder:
                run_step(name, Path(folder))
        except Failure as failure:
            print(f"   {failure}", flush=True)
            failures.append(name)
    if failures:
        raise Failure(f"failed: {', '.join(failures)}")


def search(package: str, arguments: Sequence[str]) -> int:
    """Look for wrong answers, or for faults that no test notices; returns the exit code."""
    command = [str(PYTHON), "-m", package, *arguments]
    return subprocess.call(command, cwd=str(ROOT), env=environment())


def clean() -> None:
    """Remove what the routine made; nothing that git tracks."""
    caches = [".hypothesis", ".mutation", ".mypy_cache", ".pytest_cache", ".ruff_cache"]
    folders = [ROOT / name for name in (".venv", *caches, "docs/_build", "dist", "build")]
    for folder in [*folders, *ROOT.rglob("__pycache__")]:
        shutil.rmtree(str(folder), ignore_errors=True)


def main(arguments: Sequence[str]) -> int:
    """Exit 0 when all went well, 1 when a step failed or nothing could be set up, 2 when the command is unknown."""
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command not in ("clean", *EXTRAS):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        if command == "clean":
            clean()
            return 0
        set_up(EXTRAS[command])
        if command == "demo":
            demo(rest)
        elif command == "check":
            test(CHECK)
        elif command == "test":
            test(rest)
        elif command == "nightly":
            nightly()
        elif command == "fuzz":
            return search("tests.fuzz", rest)
        elif command == "mutate":
            return search("tests.mutation", rest)
    except Failure as failure:
        sys.stdout.flush()
        print(f"dev.py: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

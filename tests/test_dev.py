"""The script behind the README's two commands: which Python it takes, what it says, when it sets up again."""

from __future__ import annotations

import json
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

import dev
from tests import mutation

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

PYTHONS = {
    "/old/python3": ("3.9", frozenset({"ensurepip", "pip"})),
    "/bare/python3": ("3.11", frozenset({"pip"})),
    "/good/python3": ("3.12", frozenset({"ensurepip"})),
    "/new/python3": ("3.15", frozenset({"ensurepip"})),
}


@pytest.fixture
def pythons(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interpreters that are not there."""
    monkeypatch.setattr(dev, "probe", lambda python: PYTHONS.get(str(python)))


@pytest.mark.usefixtures("pythons")
def test_the_first_python_that_will_do_is_taken() -> None:
    """Too old, too new, without ensurepip or absent: passed over."""
    assert (
        dev.choose_python(["/old/python3", "/new/python3", "/bare/python3", None, "/good/python3"]) == "/good/python3"
    )


@pytest.mark.usefixtures("pythons")
def test_no_supported_python() -> None:
    """The message names what is needed and what is there."""
    with pytest.raises(dev.Failure, match=r"3\.11, 3\.12 or 3\.13 is needed: /old/python3 is 3\.9"):
        dev.choose_python(["/old/python3", "/absent"])


@pytest.mark.usefixtures("pythons")
def test_a_python_without_ensurepip() -> None:
    """The message names the package to install, for this very version."""
    with pytest.raises(dev.Failure, match=r"no ensurepip.*apt-get install python3\.11-venv"):
        dev.choose_python(["/old/python3", "/bare/python3"])


def test_probing_a_real_interpreter() -> None:
    """The version is found; a file that is no interpreter is no candidate."""
    facts = dev.probe(sys.executable)
    assert facts is not None
    assert facts[0] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert dev.probe("no-such-python") is None


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A checkout in a scratch folder; what would be run or installed is only written down."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / "placement").mkdir()
    (tmp_path / ".venv").mkdir()
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "placement" / "__init__.py").write_text('__version__ = "1"\n')
    (tmp_path / ".ci" / "constraints.txt").write_text("")
    for name, path in {"ROOT": "", "VENV": ".venv", "STAMP": ".venv/setup.json", "PINS": ".ci/constraints.txt"}.items():
        monkeypatch.setattr(dev, name, tmp_path / path)
    made: list[list[str]] = []
    monkeypatch.setattr(dev, "probe", lambda _: ("3.12", frozenset({"ensurepip", "pip"})))
    monkeypatch.setattr(dev, "run", lambda command: made.append([str(word) for word in command]))
    monkeypatch.setattr(dev, "install", lambda arguments: made.append(list(arguments)))
    return made


def test_a_second_set_up_does_nothing(calls: list[list[str]]) -> None:
    """Neither does one that asks for less than is there."""
    dev.set_up(["dev", "docs"])
    assert [row[:2] for row in calls] == [["--editable", ".[dev,docs]"]]
    dev.set_up(["dev", "docs"])
    dev.set_up([])
    assert len(calls) == 1


@pytest.mark.parametrize("file", ["pyproject.toml", ".ci/constraints.txt", "placement/__init__.py"])
def test_a_change_of_what_it_was_made_from_sets_up_again(calls: list[list[str]], file: str) -> None:
    """The declared dependencies, the pins or the version."""
    dev.set_up([])
    with (dev.ROOT / file).open("a") as changed:
        changed.write('__version__ = "2"\n')
    dev.set_up([])
    assert [row[:2] for row in calls] == [["--editable", "."]] * 2


def test_more_extras_are_added_to_those_there(calls: list[list[str]]) -> None:
    """`demo` first, `test` later: one environment grows."""
    dev.set_up(["docs"])
    dev.set_up(["dev"])
    assert calls[-1][1] == ".[dev,docs]"


def test_a_moved_checkout_gets_a_new_environment(calls: list[list[str]]) -> None:
    """The scripts of the old one point at the old place."""
    dev.set_up([])
    stamp = json.loads(dev.STAMP.read_text())
    dev.STAMP.write_text(json.dumps({**stamp, "root": "elsewhere"}))
    dev.set_up([])
    assert calls[1][1:4] == ["-m", "venv", "--clear"]
    assert calls[2][:2] == ["--editable", "."]


def test_an_install_that_breaks_off_is_tried_again(calls: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Even when what it was made from did not change in between."""
    dev.set_up([])
    with monkeypatch.context() as broken:
        broken.setattr(dev, "install", failing)
        with pytest.raises(dev.Failure, match="no network"):
            dev.set_up(["dev"])
    dev.set_up([])
    assert len(calls) == 2


def failing(arguments: list[str]) -> None:
    """An install without network."""
    del arguments
    raise dev.Failure("no network")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["placement/py.typed", "placement_bench/py.typed", "tests/conftest.py"],
            "more than the packages: tests/conftest",
        ),
        (["placement/__init__.py", "gpu_placement-1.dist-info/METADATA"], "lacks placement/py.typed"),
        (["placement/py.typed", "placement_bench/__init__.py"], "lacks placement_bench/py.typed"),
        (["placement/py.typed", "placement_bench/py.typed"], r"lacks placement/report/page/assets/.*bench\.html\.j2"),
    ],
)
def test_a_wheel_with_too_much_or_too_little(names: list[str], message: str, tmp_path: Path) -> None:
    """What the wheel step refuses to pass."""
    built = tmp_path / "x.whl"
    with zipfile.ZipFile(built, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    with pytest.raises(dev.Failure, match=message):
        dev.check_wheel(built)


def test_the_closing_line_counts_errors_as_failures(tmp_path: Path) -> None:
    """Of ten two failed, one broke in its set-up, three were skipped; reports are added up."""
    report = tmp_path / "pytest.xml"
    report.write_text('<testsuites><testsuite tests="10" failures="2" errors="1" skipped="3"/></testsuites>')
    assert dev.counts([report, report]) == "8 passed, 6 failed, 6 skipped"


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would be run, in place of running it; there is no browser, and apt-get is there."""
    ran: list[str] = []
    monkeypatch.setattr(dev, "run", lambda command, **_: ran.append(" ".join(map(str, command))))
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}" if name == "apt-get" else None)
    monkeypatch.delenv("PLACEMENT_BROWSER", raising=False)
    return ran


@pytest.mark.parametrize(("ci", "user", "installs"), [("", 0, False), ("true", 1000, False), ("true", 0, True)])
def test_a_browser_is_installed_for_ci_alone(
    ci: str, user: int, installs: bool, commands: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As root; nobody's own machine is changed. Without one the tests run all the same, and skip."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr("os.geteuid", lambda: user, raising=False)

    dev.pages(tmp_path)

    assert any("install" in command and "chromium" in command for command in commands) is installs
    assert "-m pages and not slow tests/pages" in commands[-1]


@pytest.mark.usefixtures("commands")
def test_without_a_browser_the_step_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With what to install; one that is named is taken as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CI", raising=False)
        dev.pages(tmp_path)
        assert "SKIPPED: there is no Chromium" in capsys.readouterr().out
        patch.setenv("PLACEMENT_BROWSER", "/opt/browser")
        assert dev.find_browser() == "/opt/browser"


def test_mutants_have_modules_and_tests() -> None:
    """What `dev.py mutate` names is there."""
    named = [*mutation.MODULES, *(test for tests in mutation.MODULES.values() for test in tests), *mutation.LEFT_OUT]
    assert [name for name in named if not (mutation.ROOT / name.partition("::")[0]).exists()] == []


def test_arguments_of_the_page_are_about_mutated_modules() -> None:
    """Each row that calls a mutant equivalent names its module."""
    argued = list(mutation.read_argued(mutation.PAGE.read_text("utf-8")))
    assert {module for module, _, _ in argued} <= set(mutation.MODULES)
    assert len(argued) == len(set(argued)) > 0


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Steps that only write down that they ran; `pages` fails."""
    ran: list[str] = []

    def step(name: str) -> Callable[[Path], None]:
        def run(_: Path) -> None:
            ran.append(name)
            if name == "pages":
                raise dev.Failure("a lie")

        return run

    monkeypatch.setattr(dev, "STEPS", {name: step(name) for name in dev.STEPS})
    return ran


def test_steps_of_one_process_run_beside_the_others(
    steps: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Their output is shown when they have ended; alone, they run one after the other in this process."""
    asked: list[list[str]] = []

    def command(self: dev.Beside) -> dev.Beside:
        asked.append(self.command)
        self.command = [sys.executable, "-c", "print('types and wheel: ok')"]
        return begin(self)

    begin = dev.Beside.__enter__
    monkeypatch.setattr(dev.Beside, "__enter__", command)
    dev.test(["wheel", "lint", "types", "pytest"])
    assert steps == ["lint", "pytest"]
    assert asked[0][2:] == ["test", "types", "wheel"]
    assert "types and wheel: ok" in capfd.readouterr().out

    monkeypatch.undo()
    assert dev.Beside(["types", "wheel"], dev.ROOT).command == []


@pytest.mark.parametrize(
    ("file", "tests"),
    [
        ("placement/heuristics/workspace.py", "tests/heuristics"),
        ("placement/integrations/kubernetes/asks.py", "tests/integrations/kubernetes"),
        ("placement/solvers/column_generation/diving/dive.py", "tests/solvers"),
        ("placement/patterns/counts/bound.py", "tests/patterns"),
        ("placement/planner.py", "tests/test_planner.py"),
        ("placement/gone.py", ""),
        ("dev.py", "tests/test_dev.py"),
        ("benchmarks/placement_bench/rows.py", "tests/bench"),
        ("docs/guide/api.md", "tests/test_examples.py"),
        ("tests/bounds/test_volume.py", "tests/bounds/test_volume.py"),
        ("tests/heuristics/fleets.py", "tests/heuristics"),
        ("pyproject.toml", ""),
    ],
)
def test_check_takes_the_tests_of_a_changed_file(file: str, tests: str) -> None:
    """Of its room, or of the module itself."""
    assert dev.tests_of(file) == tests
    assert not tests or (dev.ROOT / tests).exists()


def test_check_runs_what_is_near(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test twice, and those that look at the whole always; files that are gone are no examples."""
    files = ["placement/heuristics/workspace.py", "placement/gone.py", "tests/heuristics/test_workspace.py"]
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(dev, "changed", lambda: files)
    monkeypatch.setattr(dev, "tool", lambda *words: ran.append(words))
    dev.near(tmp_path)
    ((*command, seconds),) = [words[: words.index("--always")] for words in ran]
    assert command == ["pytest", "-q", *dev.SPREAD, "tests/heuristics", *sorted(dev.WHOLE), files[0], "--budget"]
    assert int(seconds) == dev.CHECK_SECONDS * int(dev.JOBS)
    options = ran[0][ran[0].index("--always") :]
    assert options == ("--always", *dev.WHOLE, files[2], "--nearest", files[0], files[2])


@pytest.mark.parametrize(
    ("file", "tests"),
    [
        ("placement/heuristics/workspace.py", ["tests/heuristics/test_workspace.py"]),
        ("placement/planner.py", ["tests/test_planner.py"]),
        ("placement/heuristics/__init__.py", []),
        ("placement/gone.py", []),
    ],
)
def test_tests_of_the_name_of_a_module_come_first(file: str, tests: list[str]) -> None:
    """With the examples in it; other files have none."""
    assert dev.named([file, "docs/index.md", "tests/brute.py"]) == [file, *tests]


@pytest.mark.parametrize("again", [True, False])
def test_what_fails_is_run_again_with_its_values(again: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Once, and the step has failed even where the second run has not; what passes is run once."""
    ran: list[tuple[str, ...]] = []

    def tool(*words: str) -> None:
        ran.append(words)
        if dev.PLAIN in words or again:
            raise dev.Failure(words[-1])

    monkeypatch.setattr(dev, "tool", tool)
    with pytest.raises(dev.Failure):
        dev.pytest(tmp_path)
    assert [dev.PLAIN in words for words in ran] == [True, False]
    assert "--last-failed" in ran[1]

    ran.clear()
    monkeypatch.setattr(dev, "tool", lambda *words: ran.append(words))
    dev.pytest(tmp_path)
    assert len(ran) == 1


def test_what_has_changed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On a branch all since main, on main the last commit; what is not committed, too."""
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    assert dev.changed() == []

    def commit(name: str) -> None:
        (tmp_path / name).write_text(name)
        dev.git("add", name)
        dev.git("-c", "user.name=n", "-c", "user.email=n@example.org", "commit", "-m", name)

    dev.git("init", "-b", "main")
    commit("first")
    assert dev.changed() == []
    commit("second")
    assert dev.changed() == ["second"]
    dev.git("checkout", "-b", "topic")
    commit("third")
    (tmp_path / "fourth").write_text("")
    (tmp_path / "second").write_text("changed")
    assert dev.changed() == ["fourth", "second", "third"]


@pytest.mark.parametrize("code", ["raise SystemExit(1)", "import time; time.sleep(600)"])
def test_what_fails_on_either_side_ends_both(steps: list[str], code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the others, or among them; nothing is left running."""
    started: list[subprocess.Popen[bytes]] = []
    begin = dev.Beside.__enter__

    def command(self: dev.Beside) -> dev.Beside:
        self.command = [sys.executable, "-c", code]
        begin(self)
        assert self.process is not None
        started.append(self.process)
        return self

    monkeypatch.setattr(dev.Beside, "__enter__", command)
    with pytest.raises(dev.Failure):
        dev.test(["types", "lint", "pages"] if "sleep" in code else ["types", "lint"])
    assert started[0].poll() is not None
    assert steps[0] == "lint"


def test_the_night_goes_on_after_a_failure(steps: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """And ends in one."""
    monkeypatch.setattr(dev, "NIGHTLY", ("lint", "pages", "docs"))
    with pytest.raises(dev.Failure, match="failed: pages"):
        dev.nightly()
    assert steps == ["lint", "pages", "docs"]


def test_the_night_leaves_nothing_out() -> None:
    """What a change is held to by day, or more of it."""
    more = {
        "pytest": "every-test",
        "pages": "every-page",
        "fuzz": "long-fuzz",
        "quality": "every-quality",
        "docs": "html",
    }
    assert {more.get(name, name) for name in dev.TEST} <= set(dev.NIGHTLY)
    assert set(dev.STEPS) == {*dev.CHECK, *dev.TEST, *dev.NIGHTLY}


def test_unknown_words_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With what there is to choose from."""
    assert dev.main(["tset"]) == 2
    assert "python3 dev.py test" in capsys.readouterr().err
    with pytest.raises(dev.Failure, match="no step tyeps; there are lint, format, types"):
        dev.test(["tyeps"])


@pytest.mark.usefixtures("calls")
def test_fuzz_hands_its_arguments_and_exit_code_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found is the command's own to tell."""
    asked: list[list[str]] = []

    def call(command: list[str], **_: object) -> int:
        asked.append(command[1:])
        return 1

    monkeypatch.setattr("dev.subprocess.call", call)
    assert dev.main(["fuzz", "--minutes", "3"]) == 1
    assert asked == [["-m", "tests.fuzz", "--minutes", "3"]]

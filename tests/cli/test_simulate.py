"""``placement scale`` and ``placement simulate`` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_names import bad, check
from tests.cli.test_solve import run
from tests.corpus import first

PROBLEM = {
    "format": "placement/v1",
    "accelerators": {"L4": {"memory_gib": 24}},
    "instance_types": {
        "g6": {"accelerator": "L4", "accelerator_count": 1, "vcpus": 8, "memory_gib": 32, "price_per_hour": 1}
    },
    "pools": [{"name": "a", "instance_type": "g6", "zone": "z"}],
    "components": [
        {"name": "chat", "copies": 1, "accelerator_memory_gib": 8, "shared": True},
        {"name": "code", "copies": 1, "accelerator_memory_gib": 8, "shared": True},
    ],
}
POLICY = "format: placement-scaling/v1\ndefaults: {target_value: 10}\ncomponents:\n  - {name: chat, min_capacity: 1}\n"
TRAFFIC = "component,time,rate\n" + "".join(
    f"chat,{k * 10}m,{(k % 7) * 8}\ncode,{k * 10}m,{(k % 5 == 0) * 30}\n" for k in range(30)
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A problem, a policy, rates over time and of now."""
    (tmp_path / "p.json").write_text(json.dumps(PROBLEM))
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "rates.csv").write_text(TRAFFIC)
    (tmp_path / "now.csv").write_text("component,rate\nchat,0\ncode,25\n")
    return tmp_path


def test_scale(folder: Path) -> None:
    """The copies of now with what decided, the plan for them, and the problem with them."""
    done = run("scale", folder / "p.json", folder / "policy.yaml", "--rates", folder / "now.csv",
               "-o", folder / "plan.json", "--problem", folder / "wanted.json")  # fmt: skip

    assert done.exit_code == 0, done.stderr
    assert "min_capacity" in done.stdout
    assert "4 copies wanted, 0 running" in done.stdout
    plan, wanted = (json.loads((folder / name).read_text()) for name in ("plan.json", "wanted.json"))
    assert [row["copies"] for row in wanted["components"]] == [1, 3]
    assert (plan["status"], plan["price_per_hour"], len(plan["assignments"])) == ("optimal", 2, 4)
    assert run("verify", folder / "wanted.json", folder / "plan.json").exit_code == 0


def test_scale_wants_as_many_copies_as_rules_ask_for(folder: Path) -> None:
    """One copy can't outlive a zone: two are wanted, as a simulation has them; of none, none."""
    document = json.loads((folder / "p.json").read_text())
    document["pools"].append(document["pools"][0] | {"name": "b", "zone": "y"})
    for row in document["components"]:
        row |= {"copies": 2, "min_available_on_zone_loss": 1}
    (folder / "p.json").write_text(json.dumps(document))
    (folder / "now.csv").write_text("component,rate\nchat,3\ncode,0\n")
    done = run("scale", folder / "p.json", folder / "policy.yaml", "--rates", folder / "now.csv",
               "-o", folder / "plan.json", "--problem", folder / "wanted.json")  # fmt: skip

    assert done.exit_code == 0, done.stderr
    assert "rules over zones and losses" in done.stdout
    assert [row["copies"] for row in json.loads((folder / "wanted.json").read_text())["components"]] == [2, 0]


@pytest.mark.parametrize(
    ("at", "copies"),
    [("2026-11-27T13:30+05:00", 3), ("2026-11-27T08:30+05:00", 1)],
)
def test_a_moment_with_an_offset_is_that_moment(folder: Path, at: str, copies: int) -> None:
    """Schedules are in UTC: half past eight five hours east of it is half past three."""
    (folder / "policy.yaml").write_text(
        "format: placement-scaling/v1\ndefaults: {target_value: 10}\ncomponents:\n  - name: chat\n    schedule:\n"
        "      - {at: '08:00', min_capacity: 3}\n      - {at: '20:00', min_capacity: 1}\n"
    )
    done = run("scale", folder / "p.json", folder / "policy.yaml", "--rates", folder / "now.csv", "--at", at,
               "--work", "1", "-o", folder / "plan.json", "--problem", folder / "wanted.json")  # fmt: skip

    assert done.exit_code == 0, done.stderr
    assert json.loads((folder / "wanted.json").read_text())["components"][0]["copies"] == copies


@pytest.mark.parametrize("at", ["0001-01-01T00:00+05:00", "tomorrow", "2026-11-27T25:00"])
def test_a_moment_that_there_is_not_is_refused(folder: Path, at: str) -> None:
    """Also one that is before the first year in UTC."""
    done = run("scale", folder / "p.json", folder / "policy.yaml", "--rates", folder / "now.csv", "--at", at)

    assert done.exit_code == 2
    assert f"--at must be a date and time such as 2026-11-27T08:30, got {at}" in done.stderr


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--until", "1s"), "--every: a step of 600 seconds is longer than the second that is played"),
        (("--times", "1e300"), "--times must be a finite number of at least 0 with which no rate is over"),
    ],
)
def test_what_traffic_can_not_be_is_told_by_its_option(folder: Path, given: tuple[str, str], told: str) -> None:
    """By the name that the command has for it."""
    done = run("simulate", folder / "p.json", folder / "policy.yaml", "--traffic", folder / "rates.csv", *given)

    assert done.exit_code == 2
    assert told in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a Linux thing")
def test_scale_writes_both_files_or_neither(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A problem without its plan would pass for what was planned for; the tables are there all the same."""
    before = sorted(folder.iterdir())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("temporary")))

    done = run("scale", folder / "p.json", folder / "policy.yaml", "--rates", folder / "now.csv",
               "-o", "/dev/full", "--problem", folder / "wanted.json")  # fmt: skip

    assert done.exit_code == 2
    said = "placement: /dev/full: can't be written: No space left on device; the answer is kept in "
    assert done.stderr.startswith(said)
    assert "4 copies wanted, 0 running" in done.stdout
    assert sorted(folder.iterdir()) == before


def test_scale_has_one_document_for_standard_output(folder: Path) -> None:
    """That is the plan; the problem beside it would make both unreadable."""
    done = run("scale", folder / "p.json", folder / "policy.yaml", "--rates", folder / "now.csv", "--problem", "-")

    assert done.exit_code == 2
    assert "--problem: name a file, as standard output has the plan" in done.stderr


def test_simulate(folder: Path) -> None:
    """A table of all strategies, a document with series, and no checkpoint left behind."""
    done = run("simulate", folder / "p.json", folder / "policy.yaml", "--traffic", folder / "rates.csv",
               "-o", folder / "sim.json")  # fmt: skip

    assert done.exit_code == 0, done.stderr
    for name in ("shared", "endpoints-peak", "first-fit", "platform", "floor", "hourly-scratch"):
        assert name in done.stdout
    found = json.loads((folder / "sim.json").read_text())
    assert (found["format"], found["steps"], found["every_seconds"]) == ("placement-simulation/v1", 30, 600)
    rows = {row["name"]: row for row in found["strategies"]}
    assert found["floor"] <= rows["shared"]["cost"] < rows["endpoints-peak"]["cost"]
    assert len(rows["shared"]["series"]["cost_per_hour"]) == 30
    assert not (folder / "sim.json.checkpoint.json").exists()


def test_simulate_draws(folder: Path) -> None:
    """The picture, beside the table."""
    done = run("simulate", folder / "p.json", folder / "policy.yaml", "--traffic", folder / "rates.csv", "--no-floor",
               "--picture", folder / "day.svg", "--theme", "dark")  # fmt: skip

    assert done.exit_code == 0, done.stderr
    assert (folder / "day.svg").read_text().startswith("<svg ")


def test_simulate_reports(folder: Path) -> None:
    """One page; standard output is no place for it, and no file is overwritten that is read."""
    given = ("simulate", folder / "p.json", folder / "policy.yaml", "--traffic", folder / "rates.csv", "--until", "1h")
    done = run(*given, "--report", folder / "days.html", "-q")

    assert done.exit_code == 0, done.stderr
    assert (folder / "days.html").read_text().startswith("<!doctype html>")
    assert run(*given, "--report", "-").exit_code == 2
    assert "is the same file as the problem" in run(*given, "--report", folder / "p.json").stderr


def test_simulate_as_a_waterfall(folder: Path) -> None:
    """What each idea saves, from endpoints for the peak to copies that move."""
    done = run("simulate", folder / "p.json", folder / "policy.yaml", "--traffic", folder / "rates.csv", "--no-floor",
               "--waterfall")  # fmt: skip

    assert done.exit_code == 0, done.stderr
    assert "times less than endpoints for the peak" in done.stdout
    assert [idea in done.stdout for idea in ("endpoints for", "down to zero", "copies move")] == [True] * 3


def test_simulate_what_is_asked(folder: Path) -> None:
    """One strategy, two hours, no floor, twice the rates; the document on stdout, and nothing else there."""
    done = run("simulate", folder / "p.json", folder / "policy.yaml", "--traffic", folder / "rates.csv", "--strategy",
               "first-fit", "--until", "2h", "--no-floor", "--times", "2", "-o", "-", "-q")  # fmt: skip

    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert ([row["name"] for row in found["strategies"]], found["steps"], found["floor"]) == (["first-fit"], 12, None)
    assert found["series"]["requests_per_second"][1] == 16


@pytest.mark.parametrize("executor", first(["local", "processes"]))
def test_several_policies_in_one_table(folder: Path, executor: str) -> None:
    """For each strategy a row a policy; a document with all of them; no checkpoint is left of any."""
    (folder / "loaded.yaml").write_text(POLICY.replace("target_value: 10", "target_value: 10, min_capacity: 1"))
    done = run("simulate", folder / "p.json", folder / "policy.yaml", folder / "loaded.yaml", "--traffic",
               folder / "rates.csv", "--executor", executor, "-o", folder / "sim.json")  # fmt: skip

    assert done.exit_code == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert sum(line[:1] == ["policy"] and line[1][0] == "$" for line in lines) == 6 + 2
    shared = lines.index(["shared"])
    assert [line[0] for line in lines[shared + 1 : shared + 3]] == ["policy", "loaded"]
    found = json.loads((folder / "sim.json").read_text())
    assert found["format"] == "placement-policy-comparison/v1"
    bills = {
        row["name"]: {strategy["name"]: strategy["cost"] for strategy in row["simulation"]["strategies"]}
        for row in found["policies"]
    }
    wanted = found["policies"][1]["simulation"]["series"]["copies_wanted"]
    assert f"loaded: {sum(wanted) / len(wanted):.1f} copies wanted on the average" in done.stdout
    assert lines[shared + 2][1] == f"${bills['loaded']['shared']:,.2f}"
    assert bills["policy"]["shared"] <= bills["loaded"]["shared"]
    assert not list(folder.glob("*checkpoint*"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--report", "a.html"), "--report shows one policy: ask for it with each by itself"),
        (("--picture", "a.svg"), "--picture shows one policy"),
        (("--waterfall",), "--waterfall shows one policy"),
    ],
)
def test_what_shows_one_policy_is_refused_of_several(folder: Path, more: tuple[str, ...], said: str) -> None:
    """Before anything is played."""
    (folder / "other.yaml").write_text(POLICY)
    done = run("simulate", folder / "p.json", folder / "policy.yaml", folder / "other.yaml", "--traffic",
               folder / "rates.csv", *more)  # fmt: skip

    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr


def test_faults_of_one_policy_of_several_are_told_of_its_file(folder: Path) -> None:
    """The same one twice, and one that does not fit."""
    given = ("simulate", folder / "p.json", folder / "policy.yaml")
    twice = run(*given, folder / "policy.yaml", "--traffic", folder / "rates.csv")
    assert twice.exit_code == 2
    assert "policy.yaml is given twice; name each once" in twice.stderr
    (folder / "other.yaml").write_text("format: placement-scaling/v1\n")
    other = run(*given, folder / "other.yaml", "--traffic", folder / "rates.csv")
    assert other.exit_code == 2
    assert "other.yaml at $.components: no target_value for chat" in other.stderr
    clash = run(*given, folder / "now.csv", "--traffic", folder / "rates.csv", "-o", folder / "now.csv")
    assert "is the same file as the policy" in clash.stderr


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("--every", "soon"), "--every: must be a length of time"),
        (("--picture", "a.pdf"), "a.pdf: a picture is .svg or .png, by the suffix of its file"),
        (("--every", "30d"), "a step of 2,592,000 seconds is longer than the traffic, which ends after 18,000"),
        (("--until", "5m"), "a step of 600 seconds is longer than the 300 seconds that are played; take a shorter one"),
        (("--every", "0"), "--every must be at least a second"),
        (("--every", "9" * 400), "--every: must be a time within a year"),
        (("--times", "inf"), "times must be a finite number of at least 0 with which no rate is over 100000 requests"),
        (("--times", "1e9"), "times must be a finite number of at least 0 with which no rate is over 100000 requests"),
        (("--gaps", "mend"), "--gaps must be error, hold or zero, got mend"),
        (("--name", "chat"), "--name must be FILE=COMPONENT, got chat"),
        (("--name", "chat=chad"), '--name: no component "chad" in '),
        (("--strategy", "sharde"), 'no strategy "sharde"'),
        (("-o", "p.json"), "is the same file as the problem"),
    ],
)
def test_wrong_options(folder: Path, changed: tuple[str, str], said: str) -> None:
    """Exit code 2, and what is wrong; nothing is written."""
    option, value = changed
    value = str(folder / value) if option == "-o" else value
    done = run("simulate", folder / "p.json", folder / "policy.yaml", "--traffic", folder / "rates.csv", option, value)

    assert done.exit_code == 2
    assert said in done.stderr


def test_bad_traffic_names_the_row(folder: Path) -> None:
    """A negative rate, in row 4."""
    (folder / "rates.csv").write_text("component,time,rate\nchat,0,1\ncode,0,1\nchat,60,-4\ncode,60,1\n")
    done = run("simulate", folder / "p.json", folder / "policy.yaml", "--traffic", folder / "rates.csv")

    assert done.exit_code == 2
    assert 'rates.csv at row 4, column rate: must not be negative, got "-4"' in done.stderr


def test_components_without_traffic_are_told(folder: Path) -> None:
    """A name that was forgotten would pass as one that nobody asks."""
    (folder / "rates.csv").write_text("component,time,rate\nchat,0,1\nchat,600,4\n")
    done = run("simulate", folder / "p.json", folder / "policy.yaml", "--traffic", folder / "rates.csv", "--no-floor",
               "--strategy", "shared")  # fmt: skip

    assert done.exit_code == 0
    assert "rates.csv has no traffic of code: played without requests" in done.stderr


def test_times_that_a_whole_file_lacks_are_told(folder: Path) -> None:
    """Where nothing was measured for two hours, the last rates would pass as measured."""
    rows = "".join(f"{name},{600 * k},1\n" for name in ("chat", "code") for k in range(30) if not 10 < k < 22)
    (folder / "rates.csv").write_text("component,time,rate\n" + rows)
    done = run("simulate", folder / "p.json", folder / "policy.yaml", "--traffic", folder / "rates.csv", "--no-floor",
               "--strategy", "first-fit")  # fmt: skip

    assert done.exit_code == 0
    assert "rates.csv has no times for 2 hours from 6000 s, where others are closer: the rates of then" in done.stderr


def test_all_faults_of_a_traffic_file_are_told_when_asked(folder: Path) -> None:
    """The way out that a long list of faults names is an option of the command; digits are not grouped."""
    rows = "".join(f"{name},{k * 60},1_0\n" for k in range(12) for name in ("chat", "code"))
    (folder / "rates.csv").write_text("component,time,rate\n" + rows)
    words = ("simulate", folder / "p.json", folder / "policy.yaml", "--traffic", folder / "rates.csv")
    short, full = run(*words), run(*words, "--full")

    assert (short.exit_code, full.exit_code) == (2, 2)
    assert "24 faults, 4 of them not listed; --full lists each" in short.stderr
    assert full.stderr.count('must be a number of requests a second, got "1_0"') == 24


@pytest.mark.parametrize("command", ["scale", "simulate", "hybrid"])
def test_a_policy_that_does_not_fit_is_told_of_its_file(folder: Path, command: str) -> None:
    """Of other components, or without a target: with the file's name."""
    (folder / "policy.yaml").write_text("format: placement-scaling/v1\ncomponents: [{name: other, target_value: 1}]\n")
    option = ("--rates", folder / "now.csv") if command == "scale" else ("--traffic", folder / "rates.csv")
    done = run(command, folder / "p.json", folder / "policy.yaml", *option)
    assert done.exit_code == 2
    assert "policy.yaml at $.components[0].name: is no component of the problem" in done.stderr
    (folder / "policy.yaml").write_text("format: placement-scaling/v1\n")
    done = run(command, folder / "p.json", folder / "policy.yaml", *option)
    assert "policy.yaml at $.components: no target_value for chat" in done.stderr


def test_a_checkpoint_waits_for_resume(folder: Path) -> None:
    """One that is there is not taken unasked, and not overwritten."""
    kept = folder / "sim.json.checkpoint.json"
    kept.write_text('{"format": "placement-simulation-checkpoint/v1", "digest": "x", "jobs": {}}')
    given = ("simulate", folder / "p.json", folder / "policy.yaml", "--traffic", folder / "rates.csv", "-o",
             folder / "sim.json")  # fmt: skip
    first, second = run(*given), run(*given, "--resume")

    assert first.exit_code == second.exit_code == 2
    assert "go on from it with --resume, or delete it" in first.stderr
    assert "is of another problem, policy, traffic or step" in second.stderr
    assert kept.exists()


def test_hybrid(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both components side by side, a rule of the user, and the document; where a table is too wide, lines in words."""
    monkeypatch.setenv("COLUMNS", "50")
    given = ("hybrid", folder / "p.json", folder / "policy.yaml", "--traffic", folder / "rates.csv", "--alone")
    done = run(*given, "code", "-o", folder / "hybrid.json")

    assert done.exit_code == 0, done.stderr
    assert "alone in the hybrid: code" in done.stdout
    assert all(f"\n{name}\n  mean/s " in f"\n{done.stdout}" for name in ("chat", "code"))
    found = json.loads((folder / "hybrid.json").read_text())
    assert found["format"] == "placement-hybrid/v1"
    assert found["floor"] <= found["all_shared"] <= found["hybrid"]
    assert [row["placement"] for row in found["components"]][1] == "alone"
    wrong = run(
        "hybrid", folder / "p.json", folder / "policy.yaml", "--traffic", folder / "rates.csv", "--alone", "cod"
    )
    assert wrong.exit_code == 2
    assert wrong.stderr.startswith('placement: --alone: no component "cod" in ')
    assert wrong.stderr.endswith('/p.json; did you mean "code"?\n')


@pytest.mark.parametrize("command", ["simulate", "hybrid"])
@pytest.mark.parametrize("option", ["--component", "--name"])
def test_a_component_that_is_not_there(folder: Path, command: str, option: str) -> None:
    """The option is named, the value, the problem's file, and the nearest name."""
    given = (command, folder / "p.json", folder / "policy.yaml", "--traffic", folder / "rates.csv")
    done = run(*given, option, "cod" if option == "--component" else "x=cod")

    assert done.exit_code == 2
    assert done.stderr.startswith(f'placement: {option}: no component "cod" in ')
    assert done.stderr.endswith('/p.json; did you mean "code"?\n')


def test_names_are_data(folder: Path) -> None:
    """Hostile names forge no line of either command."""
    text = (folder / "p.json").read_text().replace('"chat"', json.dumps(bad("chat")))
    (folder / "p.json").write_text(text)
    policy: dict[str, Any] = {"format": "placement-scaling/v1", "defaults": {"target_value": 1}}
    policy["components"] = [{"name": bad("chat"), "target_value": 1}]
    (folder / "policy.json").write_text(json.dumps(policy))
    (folder / "now.csv").write_text('component,rate\ncode,1\n"' + bad("other") + '",2\n')
    done = run("scale", folder / "p.json", folder / "policy.json", "--rates", folder / "now.csv")
    assert done.exit_code == 2
    check(done.stderr)
    (folder / "now.csv").write_text("component,rate\ncode,1\n")
    done = run("scale", folder / "p.json", folder / "policy.json", "--rates", folder / "now.csv", "--full", "-o",
               folder / "plan.json")  # fmt: skip
    assert done.exit_code == 0
    check(done.stdout)

"""The command as a process of its own: start-up, pipes, terminals, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import placement
from placement.cli.stops import StopAtOnce, Stops
from placement.referee import verify
from tests.cli.test_solve import TINY
from tests.corpus import first

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "placement"]
CODEGEN = ROOT / "instances" / "codegen-after.yaml"


def environment(**more: str) -> dict[str, str]:
    """The package of this checkout, and no colours or sizes from outside."""
    kept = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


def on_a_terminal(*arguments: str | Path, columns: int = 80, **more: str) -> tuple[int, str]:
    """Exit code and all output of a command whose three streams are one terminal of that width."""
    pty = pytest.importorskip("pty", reason="pseudo-terminals are a Unix thing")
    import fcntl
    import struct
    import termios

    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdin=child, stdout=child, stderr=child, env=environment(TERM="xterm", **more)
    )
    os.close(child)
    output = b""
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        output += part
    os.close(parent)
    return process.wait(timeout=600), output.decode()


def test_a_terminal_sees_progress_then_tables() -> None:
    """Colours and a live line; no JSON."""
    code, output = on_a_terminal("solve", CODEGEN, "--solver", "ffd")

    assert code == 0
    assert "\x1b[" in output
    assert "looking for a first plan" in output
    assert "an hour" in output
    assert '"format"' not in output


def test_no_color_is_obeyed() -> None:
    """https://no-color.org: no colours, the signs still tell shared from owned."""
    code, output = on_a_terminal("solve", CODEGEN, "--solver", "ffd", NO_COLOR="1")

    assert code == 0
    tables = output[output.rindex("machine ") :]
    assert "\x1b[3" not in tables  # foreground colours are 30 to 37 and 38
    assert "■■" in tables


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    """``placement ... | head -1`` ends quietly."""
    command = [*COMMAND, "schema"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        error = process.stderr.read().decode()

    assert error == ""


@pytest.mark.skipif(os.name == "nt", reason="signals are a Unix thing")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_gentle_stop_returns_the_best_plan_so_far(tmp_path: Path, how: signal.Signals) -> None:
    """Ctrl-C, or a platform that stops the process, once there is a plan: exit 0, and the plan keeps every rule."""
    problem = tmp_path / "hard.json"
    problem.write_text(json.dumps(hard()))
    process = subprocess.Popen(
        [*COMMAND, "solve", str(problem), "--verbose", "--time-limit", "600"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "cost $" in line:
            break
    time.sleep(0.2)
    process.send_signal(how)
    output, _ = process.communicate(timeout=600)

    assert process.returncode == 0
    plan = placement.Plan(**json.loads(output))
    assert (plan.status, plan.stop) == ("feasible", "interrupted")
    assert verify(placement.read(problem), plan).ok


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a Linux thing")
@pytest.mark.parametrize("arguments", first([["solvers"], ["--version"], ["--help"]], 1))
def test_a_full_disk_under_stdout_is_said_in_words(arguments: list[str]) -> None:
    """No traceback, and exit 2, as for any file that can't be written."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment()
        )

    assert done.returncode == 2
    assert done.stderr == "placement: standard output can't be written: No space left on device\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a Linux thing")
def test_a_full_disk_under_stdout_costs_no_plan(tmp_path: Path) -> None:
    """It may have taken an hour: it is kept in the folder for temporary files, and the way out is told."""
    command = [*COMMAND, "solve", str(CODEGEN), "--solver", "ffd"]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment(TMPDIR=str(tmp_path))
        )

    (kept,) = tmp_path.iterdir()
    assert done.returncode == 2
    assert done.stderr == (
        "placement: standard output can't be written: No space left on device; name a file where there is room with "
        f"--output FILE; the answer is kept in {kept}\n"
    )
    assert verify(placement.read(CODEGEN), placement.read_plan(kept)).ok


@pytest.mark.skipif(os.name == "nt", reason="closing a stream in the shell is a Unix thing")
def test_a_closed_stdout_is_said_before_the_search() -> None:
    """The plan would have nowhere to go; with a file it has."""
    command = " ".join([*COMMAND, "solve", str(CODEGEN), "--time-limit", "600", ">&-"])
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, env=environment())

    assert done.returncode == 2
    assert done.stderr == "placement: standard output is closed: write the plan to a file with --output FILE\n"


def test_a_stream_that_is_not_utf_8_gets_what_it_can_show(tmp_path: Path) -> None:
    """JSON is escaped and means the same; signs of tables that the stream lacks are replaced."""
    problem = tmp_path / "named.json"
    problem.write_text(json.dumps(TINY).replace("chat-8b", "modèle"), encoding="utf-8")
    ask = [*COMMAND, "solve", str(problem), "--solver", "ffd"]
    plain = environment(PYTHONIOENCODING="ascii")

    plan = subprocess.run(ask, capture_output=True, check=True, env=plain).stdout
    tables = subprocess.run(
        [*ask, "--output", str(tmp_path / "plan.json")], capture_output=True, check=True, env=plain
    ).stdout

    assert "modèle" in {row["component"] for row in json.loads(plan.decode("ascii"))["assignments"]}
    assert b"mod?le" in tables


def hard() -> dict[str, object]:
    """Sixty components of memory, share, vCPUs and company on machines of two sizes: quick to plan, long to prove."""
    gpu = {"accelerator": "L40S"}
    types = {
        "four": {**gpu, "accelerator_count": 4, "vcpus": 48, "memory_gib": 384, "price_per_hour": 10.49},
        "eight": {**gpu, "accelerator_count": 8, "vcpus": 70, "memory_gib": 700, "price_per_hour": 19.13},
    }
    return {
        **TINY,
        "instance_types": types,
        "pools": [{"name": f"{name}-{zone}", "instance_type": name, "zone": zone} for name in types for zone in "abc"],
        "components": [
            {
                "name": f"m{c}",
                "copies": 4 + c % 5,
                "accelerators": 2 if c % 3 == 0 else 1,
                "accelerator_memory_gib": 6 + 7.3 * c % 31,
                "accelerator_share": round(0.1 + 0.137 * c % 0.55, 3),
                "shared": True,
                "vcpus": 1 + c % 7,
                "memory_gib": 10 + 13 * c % 60,
                "spread": {"max_skew": 1, "max_per_instance": 2},
                "avoid": [f"m{(c + 5) % 60}"],
            }
            for c in range(60)
        ],
    }


def test_start_up_is_quick_and_lean() -> None:
    """`--version` loads neither an engine nor pydantic."""
    code = (
        "import sys; sys.argv = ['placement', '--version']\n"
        "from placement.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'ortools', 'pulp', 'highspy', 'pydantic', 'numpy'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment(), cwd=ROOT
    )

    assert done.stdout.splitlines() == [f"placement {placement.__version__}", "[]"]


def test_easy_fleets_are_proven_without_cp_sat() -> None:
    """Column generation asks it late, so its import (0.3 s, pandas included) is not paid by what is proven before."""
    code = (
        "import sys, placement.solvers.column_generation.solve, placement.direct.milp, placement.solvers.portfolio\n"
        "print(sorted({'ortools.sat.python.cp_model', 'pandas'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment(), cwd=ROOT
    )

    assert done.stdout.strip() == "[]"


# --- Signals and terminals that go away


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="hangups are a Unix thing")
@pytest.mark.parametrize("progress", [["--verbose"], []])
def test_a_terminal_that_goes_away_costs_no_plan(tmp_path: Path, progress: list[str]) -> None:
    """The terminal closes once there is a plan: both streams fail from then on, and the plan is in its file."""
    import fcntl
    import pty
    import termios

    problem, plan = tmp_path / "hard.json", tmp_path / "plan.json"
    problem.write_text(json.dumps(hard()))
    parent, child = pty.openpty()

    def take_terminal() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # who runs the tests may have it ignored
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        [*COMMAND, "solve", str(problem), *progress, "--time-limit", "600", "--output", str(plan)],
        stdin=child,
        stdout=child,
        stderr=child,
        start_new_session=True,
        preexec_fn=take_terminal,
        env=environment(TERM="xterm"),
    )
    os.close(child)
    seen = b""
    while b"cost " not in seen:
        seen += os.read(parent, 65536)
    os.close(parent)
    process.wait(timeout=600)

    found = placement.read_plan(plan)
    assert (found.status, found.stop) == ("feasible", "interrupted")
    assert verify(placement.read(problem), found).ok


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="hangups are a Unix thing")
def test_nohup_goes_on() -> None:
    """What the caller ignores stays ignored."""
    code = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from placement.cli.stops import STOPS; STOPS.listen()\n"
        "print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN, signal.getsignal(signal.SIGINT) == STOPS.hear)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())

    assert done.stdout == "True True\n"


@pytest.mark.skipif(os.name == "nt", reason="signals are a Unix thing")
def test_a_stop_while_the_process_ends_is_met_already() -> None:
    """It ended by the signal, with a plan in its file: whoever started it took that for a failure."""
    code = (
        "import atexit, os, signal, sys; sys.argv = ['placement', '--version']\n"
        "atexit.register(lambda: print(*[os.kill(os.getpid(), n) for n in (signal.SIGINT, signal.SIGTERM)]))\n"
        "from placement.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment(), cwd=ROOT
    )
    assert (done.returncode, done.stderr, done.stdout.splitlines()[-1:]) == (0, "", ["None None"])


def heard(stops: Stops, number: int) -> bool:
    """Whether a signal raises."""
    try:
        stops.hear(number)
    except (KeyboardInterrupt, StopAtOnce):
        return True
    return False


def test_a_second_request_is_not_taken_for_a_first() -> None:
    """The library answers the first wherever it comes: a second in another solve of a command waited for that, too."""
    stops = Stops()
    assert not stops.asked
    with pytest.raises(KeyboardInterrupt):
        stops.hear(signal.SIGINT)
    assert stops.asked
    with pytest.raises(StopAtOnce):
        stops.hear(signal.SIGINT)
    assert not issubclass(StopAtOnce, KeyboardInterrupt | Exception)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="hangups are a Unix thing")
def test_a_second_hangup_says_nothing_new() -> None:
    """A terminal and a shell both send one, a service manager sends SIGTERM first; Ctrl-C twice ends at once."""
    stops, again = Stops(), Stops()

    hangup = signal.SIGHUP

    assert [heard(stops, number) for number in (hangup, hangup, hangup, signal.SIGINT)] == [True, False, False, True]
    assert [heard(again, number) for number in (signal.SIGTERM, hangup, signal.SIGTERM)] == [True, False, True]


def test_bug_a_request_that_is_lost_in_a_callback_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python raises nothing there, as while it clears up after an import: the search went on, below a traceback."""
    stops = Stops()

    class Thing:
        def __del__(self) -> None:
            stops.hear(signal.SIGINT)

    def search() -> None:
        Thing()
        for _ in range(3000):
            time.sleep(0.01)

    monkeypatch.setattr(sys, "unraisablehook", stops.hear_again)
    before = signal.signal(signal.SIGTERM, stops.hear)
    try:
        with pytest.raises(KeyboardInterrupt):
            search()
    finally:
        signal.signal(signal.SIGTERM, before)
    stops.hear(signal.SIGHUP)  # it was the first request, once


def test_an_answer_is_kept_through_the_first_request() -> None:
    """It is being written, which is what was asked for; a second request ends that too."""
    stops = Stops()
    with stops.keeping():
        assert [heard(stops, signal.SIGINT) for _ in range(2)] == [False, True]
    assert heard(Stops(), signal.SIGINT)


# --- Streams that are closed, by whoever reads or from the start


@pytest.mark.skipif(os.name == "nt", reason="pipes of a shell")
@pytest.mark.parametrize(
    "arguments",
    first(
        [
            ["solve", str(CODEGEN), "--solver", "ffd"],
            ["--version"],
            ["convert", str(CODEGEN)],
            ["info", str(CODEGEN)],
            ["--help"],
        ],
        2,
    ),
)
def test_output_that_nobody_reads_is_141_and_quiet(arguments: list[str]) -> None:
    """As a shell says of any tool that SIGPIPE ends."""
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        error = process.stderr.read().decode()

    assert (process.returncode, error) == (141, "")


@pytest.mark.skipif(os.name == "nt", reason="pipes of a shell")
@pytest.mark.parametrize(
    "arguments",
    first(
        [
            ["solve", "--output", "plan.json"],
            ["solve", "--output", "/dev/stdout"],
            ["solve", "--quiet", "--output", "-"],
            ["bound"],
        ],
        2,
    ),
)
def test_files_are_written_though_nobody_reads_the_output(tmp_path: Path, arguments: list[str]) -> None:
    """The certificate, which comes last, and the plan where it is asked for in a file."""
    command, *rest = arguments
    options = ["--solver", "column-generation"] if command == "solve" else []
    (tmp_path / "tiny.json").write_text(json.dumps(TINY))
    with subprocess.Popen(
        [*COMMAND, command, "tiny.json", *options, *rest, "--certificate", "certificate.json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(TMPDIR=str(tmp_path)),
        cwd=tmp_path,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        error = process.stderr.read().decode()

    assert process.returncode == (2 if "/dev/stdout" in rest else 141), error
    assert json.loads((tmp_path / "certificate.json").read_text())["format"] == "placement-certificate/v1"
    assert (tmp_path / "plan.json").exists() == ("plan.json" in rest)


@pytest.mark.skipif(os.name == "nt", reason="closing a stream in the shell is a Unix thing")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("info - <&-", "standard input: can't be read: it is closed; name a file, or pipe one in\n"),
        (f"info {CODEGEN} >&-", "placement: standard output is closed: there is nowhere to write to\n"),
    ],
)
def test_a_stream_closed_from_the_start_is_bad_input(arguments: str, said: str) -> None:
    """No bug, and no traceback."""
    done = subprocess.run(
        ["sh", "-c", f"{' '.join(COMMAND)} {arguments}"], capture_output=True, text=True, check=False, env=environment()
    )

    assert (done.returncode, done.stderr) == (2, said)

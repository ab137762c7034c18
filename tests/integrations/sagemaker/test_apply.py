"""What stops half-way says what is done and how to go on; with the real boto3, and going on as told then works."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from placement.demand.rows import ScalingDefaults, ScheduledAction
from placement.errors import UsageError
from placement.integrations.sagemaker import apply
from placement.integrations.sagemaker.apply import Sender, read_steps
from placement.integrations.sagemaker.scaling import Registration, steps_of
from placement.integrations.sagemaker.steps import Step, script
from tests.integrations.sagemaker.platform import REGION, Platform, Refused, serving
from tests.integrations.sagemaker.samples import ROLE
from tests.integrations.sagemaker.test_round_trip import FLEET, QUICK, done

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

Doc = dict[str, Any]


class Stumbling(Platform):
    """Answers the n-th call of an operation otherwise."""

    def __init__(self, operation: str, number: int, otherwise: Callable[[Platform, Doc], Doc]) -> None:
        """`otherwise` is asked for the answer: with this platform and the call."""
        super().__init__(delay=0)
        self.operation, self.number, self.otherwise = operation, number, otherwise

    def answer(self, service: str, operation: str, call: Doc) -> Doc:
        """As the platform does, but once."""
        if operation == self.operation:
            self.number -= 1
            if self.number == 0:
                return self.otherwise(self, call)
        return super().answer(service, operation, call)


def refusing(platform: Platform, call: Doc) -> Doc:
    """Refuse."""
    del platform, call
    raise Refused("not now")


def failing(platform: Platform, call: Doc) -> Doc:
    """Take the call, and have room for none of its copies."""
    found: Doc = platform.CreateInferenceComponent(**call)
    platform.components[call["InferenceComponentName"]]["copies"] = 10_000
    return found


def saying_nothing(platform: Platform, call: Doc) -> Doc:
    """A page of another server: botocore takes it for an answer without keys."""
    del platform, call
    return {}


def calls_of(tmp_path: Path) -> Path:
    """The calls of a plan for the fleet: components from the fifth on, the last one takes what the one before gives."""
    (tmp_path / "fleet.json").write_text(json.dumps(FLEET))
    done("solve", tmp_path / "fleet.json", "-o", tmp_path / "plan.json", *QUICK)
    plan = (tmp_path / "fleet.json", tmp_path / "plan.json")
    done("export", "sagemaker", *plan, "--out", tmp_path / "calls", "--role", ROLE)
    return tmp_path / "calls"


@pytest.mark.parametrize(
    ("operation", "number", "otherwise", "told"),
    [
        ("CreateEndpointConfig", 1, refusing, "nothing is done yet: go on with --from 1"),
        ("CreateEndpoint", 1, refusing, "the call before it is done: go on with --from 2"),
        ("CreateInferenceComponent", 2, refusing, "the 5 calls before it are done: go on with --from 6"),
        (
            "CreateInferenceComponent",
            2,
            failing,
            "call 6 was accepted, so chat-8b is there: delete it (aws sagemaker delete-inference-component "
            "--inference-component-name chat-8b), then go on with --from 6",
        ),
        (
            "DescribeInferenceComponent",
            1,
            refusing,
            "call 5 is accepted: once code-34b is in service go on with --from 6",
        ),
        ("DescribeInferenceComponent", 1, saying_nothing, "call 5 is accepted: once code-34b is in service"),
        ("PutMetricAlarm", 1, refusing, "the 10 calls before it are done: go on with --from 10"),
        (
            "CreateEndpoint",
            2,
            saying_nothing,
            "the 3 calls before it are done: whether call 4 was carried out is not known: look at "
            "shop-models-g5-12xlarge, then go on with --from 4, or go on with --from 5 where it was",
        ),
    ],
)
def test_what_is_told_is_what_works(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    number: int,
    otherwise: Callable[[Platform, Doc], Doc],
    told: str,
) -> None:
    """Whatever stops it: the first number that is told goes on to the end, with what was to be deleted deleted."""
    calls = calls_of(tmp_path)
    monkeypatch.setattr(apply, "POLL_SECONDS", 0.001)
    platform = Stumbling(operation, number, otherwise)
    with serving(platform, monkeypatch) as url:
        send = ("apply", "sagemaker", calls, "--send", "--endpoint-url", url, "--region", REGION)
        stopped = done(*send, code=2)
        assert told in stopped.stderr
        assert "Traceback" not in stopped.stderr
        deleted = re.search(r"--inference-component-name ([a-z0-9-]+)", stopped.stderr)
        if deleted:
            del platform.components[deleted[1]]
        (first, *_) = re.findall(r"--from (\d+)", stopped.stderr)
        last = done(*send, "--from", first)
    assert last.stdout.endswith("all calls are sent, and what they made is in service\n")
    assert set(platform.components) == {"code-34b", "chat-8b", "rank"}
    assert len(platform.alarms) == 1


def test_an_update_that_goes_back_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint is in service again after a failed update, with the configuration that it had."""
    looks = iter(["Updating", "RollingBack", "InService"])

    class Client:
        def update_endpoint(self, **call: str) -> Doc:
            return {"EndpointArn": call["EndpointName"]}

        def describe_endpoint(self, EndpointName: str) -> Doc:
            return {"EndpointStatus": next(looks), "EndpointConfigName": "old", "FailureReason": "no capacity"}

    monkeypatch.setattr(apply, "open_client", lambda *_: Client())
    step = Step("sagemaker", "UpdateEndpoint", {"EndpointName": "llm", "EndpointConfigName": "new"}, "grow", "endpoint")
    with pytest.raises(UsageError, match="it went back to configuration old: no capacity; call 1 was accepted: mend"):
        Sender("", "", lambda line: None, lambda seconds: None).send([step])
    assert "case $config in new) ;; *) echo 'the update of llm failed' >&2; exit 1;; esac" in script([("1", step)])


def test_an_interrupt_says_what_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while a component starts."""
    calls = calls_of(tmp_path)
    said: list[str] = []

    def pressed(seconds: float) -> None:
        raise KeyboardInterrupt

    with serving(Platform(delay=1), monkeypatch) as url, pytest.raises(KeyboardInterrupt):
        Sender(REGION, url, said.append, pressed).send(read_steps(calls))
    assert said[-1] == "call 2 is accepted: once shop-models-g6e-12xlarge is in service go on with --from 3"


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"[1]", b"\xff\xfe", b""])
@pytest.mark.parametrize("status", [200, 502])
def test_another_server_at_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes, status: int
) -> None:
    """A proxy's page, JSON of something else, bytes: in words, for who reads and for who sends."""
    calls = calls_of(tmp_path)

    def page(self: BaseHTTPRequestHandler) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    monkeypatch.setattr("tests.integrations.sagemaker.platform._Handler.do_POST", page)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with serving(Platform(), monkeypatch) as url:
        there = ("--endpoint-url", url, "--region", REGION)
        sent = done("apply", "sagemaker", calls, "--send", *there, code=2)
        read = done("import", "sagemaker", "--endpoint", "llm", *there, code=2)
    assert "whether call 1 was carried out is not known" in sent.stderr
    assert "DescribeEndpoint llm" in read.stderr
    assert "a bug in this program" not in sent.stderr + read.stderr


def test_all_calls_of_a_policy_may_be_sent() -> None:
    """What an export writes of it, scheduled actions among it, is what `apply` takes."""
    action = ScheduledAction(at="08:00", days=("mon",), min_capacity=2)
    row = ScalingDefaults(min_capacity=0, max_capacity=4, schedule=(action,))
    steps = steps_of("chat", Registration(row, 5.0))

    assert "PutScheduledAction" in {step.operation for step in steps}
    assert all(step.operation in apply.OPERATIONS[step.service] for step in steps)


class Recording(Sender):
    """Sends nothing, and keeps what it would send."""

    def _call(self, step: Step, before: dict[str, Any]) -> dict[str, Any]:
        del before
        sent.append(step.purpose)
        return {}


sent: list[str] = []


@pytest.mark.parametrize(
    ("first", "calls", "stops"),
    [
        (0, "a", "call 2"),
        (1, "a", "call 2"),
        (2, "bcd", "call 5"),
        (3, "cd", "call 5"),
        (4, "d", "call 5"),
        (5, "e", ""),
    ],
)
def test_what_clients_may_still_call_is_taken_away_when_asked(first: int, calls: str, stops: str) -> None:
    """It stops before calls that a person has to do something for; who begins with them sends them together."""
    befores = {"b": "move x", "c": "move y", "e": "move z"}
    steps = [Step("sagemaker", "UpdateEndpoint", {}, name, before=befores.get(name, "")) for name in "abcde"]
    sent.clear()
    said: list[str] = []
    done = Recording("", "", said.append).send(steps, first)

    assert "".join(sent) == calls
    assert done == (not stops)
    if stops:
        words = "move x; move y" if stops == "call 2" else "move z"
        assert said[-1] == f"stopped before {stops}. First: {words}. Then go on with --from {stops[-1]}"


def test_it_stops_before_the_first_call_too() -> None:
    """Unless it is asked to begin there."""
    steps = [Step("sagemaker", "UpdateEndpoint", {}, "a", before="move x")]
    sent.clear()
    assert not Recording("", "", lambda line: None).send(steps)
    assert Recording("", "", lambda line: None).send(steps, 1)
    assert sent == ["a"]


def test_a_configuration_that_is_there_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An endpoint that goes back to what it was has that configuration still; one with something else is refused."""
    platform = Platform(delay=0)
    folder = calls_of(tmp_path)
    (config,) = (step for step in read_steps(folder)[:1])
    capsys.readouterr()
    platform.configs[config.subject] = {**config.parameters, "EndpointConfigName": config.subject}
    words: list[str] = []
    with serving(platform, monkeypatch) as url:
        assert Sender(REGION, url, words.append).send([config])
        assert f"{config.subject} is there already, with the same in it" in words
        platform.configs[config.subject]["ProductionVariants"] = [{"VariantName": "other"}]
        with pytest.raises(UsageError, match=r"already existing .*; nothing is done yet: go on with --from 1"):
            Sender(REGION, url, words.append).send([config])
    script_of = (folder / "commands.sh").read_text()
    assert f"describe-endpoint-config --endpoint-config-name {config.subject} > /dev/null 2>&1 || aws sage" in script_of

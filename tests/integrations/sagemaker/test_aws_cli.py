"""With the real command line of AWS: the script of an export runs, and what it prints is read again.

It is no part of the test environment, as it pins a botocore of its own. `PLACEMENT_AWS` names it, or it is on the path.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from placement.documents import read_problem
from tests.cli.test_solve import run
from tests.integrations.sagemaker.platform import REGION, Platform, serving
from tests.integrations.sagemaker.samples import ROLE
from tests.integrations.sagemaker.test_round_trip import FLEET, QUICK

if TYPE_CHECKING:
    from collections.abc import Iterator

AWS = os.environ.get("PLACEMENT_AWS") or shutil.which("aws")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        AWS is None, reason="the command line of AWS is not installed (PLACEMENT_AWS, or aws on the path)"
    ),
]


@pytest.fixture
def platform() -> Platform:
    """All is in service at once: the command line sleeps half a minute between two looks."""
    return Platform(delay=0)


@pytest.fixture
def env(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """An environment in which `aws` is that command line and talks to the stand-in."""
    assert AWS is not None
    with serving(platform, monkeypatch) as url:
        path = f"{Path(AWS).parent}{os.pathsep}{os.environ['PATH']}"
        yield {**os.environ, "AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": REGION, "PATH": path, "AWS_PAGER": ""}


def test_the_script_of_an_export_runs_and_its_answers_are_read(
    tmp_path: Path, platform: Platform, env: dict[str, str]
) -> None:
    """Each call by `--cli-input-json file://`, with waits and the policy's ARN; then what `describe-...` prints."""
    (tmp_path / "fleet.json").write_text(json.dumps(FLEET))
    assert run("solve", tmp_path / "fleet.json", "-o", tmp_path / "plan.json", *QUICK).exit_code == 0
    calls, plan = tmp_path / "calls", (tmp_path / "fleet.json", tmp_path / "plan.json")
    options = ("--role", ROLE, "--target-version", "1.43.62", "--fallback")
    assert run("export", "sagemaker", *plan, "--out", calls, *options).exit_code == 0
    done = subprocess.run(["sh", str(calls / "commands.sh")], env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert platform.alarms["rank-from-zero"]["AlarmActions"] == [
        f"arn:aws:autoscaling:{REGION}:111122223333:scalingPolicy:rank-from-zero"
    ]
    saved = tmp_path / "saved"
    saved.mkdir()

    def aws(name: str, *words: str) -> dict[str, object]:
        answer = subprocess.run(
            ["aws", "sagemaker", *words], env=env, capture_output=True, text=True, check=True
        ).stdout
        (saved / f"{name}.json").write_text(answer)
        found: dict[str, object] = json.loads(answer)
        return found

    for endpoint in platform.endpoints:
        config = aws(endpoint, "describe-endpoint", "--endpoint-name", endpoint)["EndpointConfigName"]
        aws(f"{endpoint}-config", "describe-endpoint-config", "--endpoint-config-name", str(config))
        aws(f"{endpoint}-list", "list-inference-components", "--endpoint-name-equals", endpoint)
    for component in platform.components:
        aws(component, "describe-inference-component", "--inference-component-name", component)
    read = run("import", "sagemaker", "--from-json", saved, "-o", tmp_path / "state.json")
    assert read.exit_code == 0, read.stderr
    copies = {row.name: row.copies for row in read_problem(tmp_path / "state.json").components}
    assert copies == {"chat-8b": 5, "rank": 2, "code-34b": 2}

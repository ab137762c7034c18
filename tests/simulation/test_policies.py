"""Several policies in one run: each as it is by itself, on any executor, and after a stop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from placement.demand import ScalingPolicy
from placement.errors import UsageError
from placement.simulation import compare_policies, simulate
from tests.simulation.test_run import DAY, plain

if TYPE_CHECKING:
    from pathlib import Path

    from placement.simulation import SimulationProgress

HOUR = 3600  # a step, so that days are quickly played
NAMES = ["shared", "first-fit"]
POLICIES = {
    "plain": ScalingPolicy(defaults={"target_value": 10}),
    "loaded": ScalingPolicy(defaults={"target_value": 10, "min_capacity": 1}),
    "tight": ScalingPolicy(defaults={"target_value": 5}),
}


@pytest.mark.slow
def test_each_policy_is_played_as_by_itself() -> None:
    """What one costs does not depend on what it is compared with, and other policies cost something else."""
    problem, _, traffic = plain(DAY)
    found = compare_policies(problem, POLICIES, traffic, every=HOUR, until=2 * HOUR, strategies=NAMES)

    assert list(found.simulations) == list(POLICIES)
    for name, policy in POLICIES.items():
        alone = simulate(problem, policy, traffic, every=HOUR, until=2 * HOUR, strategies=NAMES).to_document()
        assert found.simulations[name].to_document() == alone
    costs = {simulation.outcome("shared").cost for simulation in found.simulations.values()}
    assert len(costs) == len(POLICIES)
    document = found.to_document()
    assert [row["name"] for row in document["policies"]] == list(POLICIES)
    assert document["policies"][1]["simulation"]["cold_starts"] == 0


@pytest.mark.slow
def test_the_executor_does_not_matter_and_all_policies_are_on_it() -> None:
    """Beside one another they come to what they come to one by one, and jobs of several policies run at a time."""
    problem, _, traffic = plain(2 * DAY)
    alone = compare_policies(problem, POLICIES, traffic, every=HOUR, strategies=NAMES, hourly=False).to_document()
    heard: list[SimulationProgress] = []
    with ThreadPoolExecutor(3) as pool:
        beside = compare_policies(
            problem, POLICIES, traffic, every=HOUR, strategies=NAMES, hourly=False, executor=pool, listener=heard.append
        ).to_document()

    assert beside == alone
    assert {progress.policy for progress in heard} == set(POLICIES)
    assert [progress.done for progress in heard] == list(range(1, 13))
    assert {progress.parts for progress in heard} == {12}


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """Two policies on two days, at one go."""
    problem, _, traffic = plain(2 * DAY)
    policies = {name: POLICIES[name] for name in ("plain", "loaded")}
    return compare_policies(problem, policies, traffic, every=HOUR, strategies=NAMES, hourly=False).to_document()


@pytest.mark.slow
@pytest.mark.parametrize("stop_after", [1, 3, 5])
def test_each_policy_goes_on_from_a_checkpoint_of_its_own(
    tmp_path: Path, stop_after: int, whole: dict[str, Any]
) -> None:
    """Stopped within the first policy, at its end, or within the second: the same to the last digit."""
    problem, _, traffic = plain(2 * DAY)
    policies = {name: POLICIES[name] for name in ("plain", "loaded")}
    heard: list[SimulationProgress] = []

    def stop(progress: SimulationProgress) -> None:
        heard.append(progress)
        if len(heard) == stop_after:
            raise KeyboardInterrupt

    file = tmp_path / "run.json"
    with pytest.raises(KeyboardInterrupt):
        compare_policies(
            problem, policies, traffic, every=HOUR, strategies=NAMES, hourly=False, checkpoint=file, listener=stop
        )  # fmt: skip
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == ({"run-1.json", "run-2.json"} if stop_after > 4 else {"run-1.json"})
    heard.clear()
    again = compare_policies(
        problem,
        policies,
        traffic,
        every=HOUR,
        strategies=NAMES,
        hourly=False,
        checkpoint=file,
        resume=True,
        listener=heard.append,
    )
    assert again.to_document() == whole
    assert len(heard) == 8 - stop_after


def test_a_checkpoint_is_good_for_its_policy_alone(tmp_path: Path) -> None:
    """In another order the numbers are of other policies; that is told, and nothing is overwritten."""
    problem, _, traffic = plain(DAY)
    file = tmp_path / "run.json"
    compare_policies(problem, POLICIES, traffic, every=HOUR, strategies=["first-fit"], hourly=False, checkpoint=file)
    turned = dict(reversed(POLICIES.items()))
    with pytest.raises(UsageError, match=r"run-1.json: is of another problem, policy, traffic or step"):
        compare_policies(problem, turned, traffic, every=HOUR, strategies=["first-fit"], checkpoint=file, resume=True)


def test_there_must_be_a_policy() -> None:
    """None at all is a slip of the caller."""
    problem, _, traffic = plain(DAY)
    with pytest.raises(UsageError, match="there is no policy to play"):
        compare_policies(problem, {}, traffic)

"""With the real boto3, against a stand-in that enforces the service's model: read, plan, write, send, read again."""

from __future__ import annotations

import copy
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from placement.documents import Problem, read_problem
from placement.integrations.sagemaker import apply
from tests.cli.test_solve import run
from tests.corpus import one_by_one
from tests.integrations.sagemaker.platform import REGION, Platform, Refused, serving
from tests.integrations.sagemaker.samples import G5, G6E, ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUICK = ("-q", "--solver", "best-fit", "--work", "3", "--time-limit", "1000")
FLEET: dict[str, Any] = {
    "format": "placement/v1",
    "name": "shop models",
    "accelerators": {"A10G": {"memory_gib": 22}, "L40S": {"memory_gib": 44}},
    "instance_types": {
        G5: {"accelerator": "A10G", "accelerator_count": 4, "vcpus": 48, "memory_gib": 192, "price_per_hour": 7.09},
        G6E: {"accelerator": "L40S", "accelerator_count": 4, "vcpus": 48, "memory_gib": 384, "price_per_hour": 13.12},
    },
    "pools": [
        {"name": "g5", "instance_type": G5, "zone": "a"},
        {"name": "g6e", "instance_type": G6E, "zone": "a"},
    ],
    "components": [
        {"name": "chat_8b", "copies": 5, "accelerator_memory_gib": 20, "vcpus": 4, "memory_gib": 16},
        {"name": "rank", "copies": 2, "min_copies": 0, "accelerator_memory_gib": 10, "vcpus": 0.1, "memory_gib": 0.05},
        {"name": "code-34b", "copies": 2, "accelerators": 2, "accelerator_memory_gib": 38, "memory_gib": 64},
    ],
}


@pytest.fixture
def platform() -> Platform:
    """With nothing on it."""
    return Platform()


@pytest.fixture
def url(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Its address; next to no sleep between two looks."""
    monkeypatch.setattr(apply, "POLL_SECONDS", 0.001)
    with serving(platform, monkeypatch) as address:
        yield address


def done(*arguments: object, code: int = 0) -> Any:
    """A command that ends as it should."""
    found = run(*map(str, arguments))
    assert found.exit_code == code, found.stderr + found.stdout
    return found


def deployed(tmp_path: Path, url: str, *options: str, fleet: dict[str, Any] | None = None) -> None:
    """A fleet, planned, exported and sent."""
    (tmp_path / "fleet.json").write_text(json.dumps(fleet or FLEET))
    done("solve", tmp_path / "fleet.json", "-o", tmp_path / "plan.json", *QUICK)
    plan = (tmp_path / "fleet.json", tmp_path / "plan.json")
    done("export", "sagemaker", *plan, "--out", tmp_path / "calls", "--role", ROLE, *options)
    done("apply", "sagemaker", tmp_path / "calls", "--send", "--endpoint-url", url, "--region", REGION)


def imported(tmp_path: Path, url: str, name: str, *endpoints: str, options: tuple[str, ...] = ()) -> Problem:
    """What runs, read through boto3."""
    named = [word for endpoint in endpoints for word in ("--endpoint", endpoint)]
    out = tmp_path / f"{name}.json"
    done("import", "sagemaker", *named, "--endpoint-url", url, "--region", REGION, "-o", out, *options)
    return read_problem(out)


def test_a_plan_is_sent_and_read_again(tmp_path: Path, platform: Platform, url: str) -> None:
    """A dry run sends nothing; then each call is accepted in its order, and what runs is what was planned."""
    deployed(tmp_path, url)
    operations = [operation for operation, _ in platform.calls if not operation.startswith(("Describe", "List"))]

    assert operations.index("CreateEndpoint") > operations.index("CreateEndpointConfig")
    assert operations.count("CreateInferenceComponent") == 3
    assert operations[-4:] == ["RegisterScalableTarget", "PutScalingPolicy", "PutScalingPolicy", "PutMetricAlarm"]
    assert platform.alarms["rank-from-zero"]["AlarmActions"] == [
        f"arn:aws:autoscaling:{REGION}:111122223333:scalingPolicy:rank-from-zero"
    ]
    problem = imported(tmp_path, url, "state", *platform.endpoints)
    copies = {row.name: row.copies for row in problem.components}
    assert copies == {"chat-8b": 5, "rank": 2, "code-34b": 2}
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert len(problem.instances) == len(plan["instances"])
    assert len(problem.placements) == len(plan["assignments"])


def test_what_runs_is_kept_and_is_the_same_elsewhere(
    tmp_path: Path, platform: Platform, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Import, solve without moves, verify, export: nothing to call. As new, on another platform: the same state."""
    deployed(tmp_path, url)
    names = tuple(platform.endpoints)
    problem = imported(tmp_path, url, "state", *names)
    document = problem.to_document()
    document["objective"] = {"max_moves": 0}
    (tmp_path / "still.json").write_text(json.dumps(document))
    done("solve", tmp_path / "still.json", "-o", tmp_path / "kept.json", *QUICK)
    done("verify", tmp_path / "still.json", tmp_path / "kept.json")

    plan = (tmp_path / "still.json", tmp_path / "kept.json")
    nothing = done("export", "sagemaker", *plan, "--out", tmp_path / "same")
    assert nothing.stdout.endswith("0 calls\n")
    done("export", "sagemaker", *plan, "--out", tmp_path / "again", "--as-new")
    elsewhere = Platform()
    with serving(elsewhere, monkeypatch) as other:
        done("apply", "sagemaker", tmp_path / "again", "--send", "--endpoint-url", other, "--region", REGION)
        again = imported(tmp_path, other, "again", *names)

    assert again.to_document() == problem.to_document()


@pytest.mark.parametrize("pool", ["shop/main", "shop/blue"])
def test_names_come_back(pool: str, tmp_path: Path, platform: Platform, url: str) -> None:
    """Of problem, pool, machines and components, where they are such as an import would give."""
    fleet = {
        **FLEET,
        "name": "shop",
        "pools": [{"name": pool, "instance_type": G5, "zone": "a"}],
        "components": [
            {"name": "rank", "copies": 2, "accelerator_memory_gib": 10, "memory_gib": 1},
            {"name": "a--b", "copies": 1, "accelerator_memory_gib": 10, "memory_gib": 1},
        ],
    }
    deployed(tmp_path, url, fleet=fleet)
    problem = imported(tmp_path, url, "state", *platform.endpoints)

    assert (problem.name, [row.name for row in problem.pools]) == ("shop", [pool])
    assert {row.name for row in problem.components} == {"rank", "a--b"}
    assert [row.id for row in problem.instances] == [f"{pool}/1"]


def test_pools_of_several_types(tmp_path: Path, platform: Platform, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fallback gets what the first type lacks; counts by type are read, and written again."""
    platform.stock[G5] = 1
    deployed(tmp_path, url, "--fallback")
    names = tuple(platform.endpoints)
    problem = imported(tmp_path, url, "state", *names)

    assert {pool.labels["sagemaker.instance_type"] for pool in problem.pools} == {G5, G6E}
    assert any("sagemaker.priority" in pool.labels for pool in problem.pools)
    (tmp_path / "still.json").write_text(json.dumps(problem.to_document() | {"objective": {"max_moves": 0}}))
    done("solve", tmp_path / "still.json", "-o", tmp_path / "kept.json", *QUICK)
    plan = (tmp_path / "still.json", tmp_path / "kept.json")
    assert done("export", "sagemaker", *plan, "--out", tmp_path / "same").stdout.endswith("0 calls\n")
    done("export", "sagemaker", *plan, "--out", tmp_path / "again", "--as-new")
    with serving(Platform({G5: 1}), monkeypatch) as other:
        done("apply", "sagemaker", tmp_path / "again", "--send", "--endpoint-url", other, "--region", REGION)
        again = imported(tmp_path, other, "again", *names)
    assert again.to_document() == problem.to_document()


def test_a_fleet_that_runs_is_changed(tmp_path: Path, platform: Platform, url: str) -> None:
    """More copies of one, fewer of another: numbers of copies and of machines, and nothing else is called."""
    deployed(tmp_path, url)
    problem = imported(tmp_path, url, "state", *platform.endpoints)
    document = problem.to_document()
    for row in document["components"]:
        row["copies"] = {"chat-8b": 9, "rank": 1, "code-34b": 2}[row["name"]]
    for pool in document["pools"]:
        pool.pop("max_instances")
        pool.pop("min_instances")
    (tmp_path / "more.json").write_text(json.dumps(document))
    done("solve", tmp_path / "more.json", "-o", tmp_path / "next.json", *QUICK)
    out = tmp_path / "changes"
    done("export", "sagemaker", tmp_path / "more.json", tmp_path / "next.json", "--out", out, "--pin")
    before = len(platform.calls)
    done("apply", "sagemaker", out, "--send", "--endpoint-url", url, "--region", REGION)

    operations = [o for o, _ in platform.calls[before:] if not o.startswith(("Describe", "List"))]
    assert operations == [
        "CreateEndpointConfig",
        "UpdateEndpoint",
        "UpdateInferenceComponentRuntimeConfig",
        "UpdateInferenceComponentRuntimeConfig",
    ]
    assert {name: row["copies"] for name, row in platform.components.items()} == {
        "chat-8b": 9,
        "rank": 1,
        "code-34b": 2,
    }


def test_drift_from_a_plan_that_was_sent(tmp_path: Path, platform: Platform, url: str) -> None:
    """Read again, what runs is the plan, by counts of pools; a copy less, or a machine more, is told."""
    deployed(tmp_path, url)
    names = tuple(platform.endpoints)
    state = tmp_path / "state.json"
    document = imported(tmp_path, url, "state", *names).to_document()
    document["components"][0]["copies"] -= 1
    state.write_text(json.dumps(document))
    done("solve", state, "-o", tmp_path / "next.json", *QUICK)
    done("export", "sagemaker", state, tmp_path / "next.json", "--out", tmp_path / "changes", "--pin")
    done("apply", "sagemaker", tmp_path / "changes", "--send", "--endpoint-url", url, "--region", REGION)

    def drift(name: str, code: int) -> str:
        imported(tmp_path, url, name, *names)
        said = done("diff", tmp_path / f"{name}.json", tmp_path / "next.json", "--by-pool", code=code).stdout
        return " ".join(said.split())

    assert "are the same" in drift("after", 0)
    platform.components["code-34b"]["copies"] -= 1
    assert "1 copy starts" in drift("less", 1)
    platform.components["code-34b"]["copies"] += 1
    first = platform.endpoints[names[0]]["machines"]
    next(iter(first.values())).append(G5)
    assert "differ in 1 pool and 0 components" in drift("more", 1)


def test_a_call_that_is_refused_says_how_to_go_on(tmp_path: Path, platform: Platform, url: str) -> None:
    """What is done is done; the number of the call that failed is told, and it is taken from there."""
    deployed(tmp_path, url)
    send = ("apply", "sagemaker", tmp_path / "calls", "--send", "--endpoint-url", url, "--region", REGION)
    refused = done(*send, code=2)
    assert "CreateEndpoint shop-models" in refused.stderr  # its configuration is there with the same in it: no fault
    assert "ValidationException: Cannot create already existing endpoint" in refused.stderr
    lost = next(iter(platform.components))
    del platform.components[lost]
    steps = json.loads((tmp_path / "calls" / "steps.json").read_text())["steps"]
    number = next(n for n, row in enumerate(steps, 1) if row["purpose"] == f"make {lost}")
    refused = done(*send, "--from", number, code=2)

    assert lost in platform.components
    assert f"go on with --from {number + 1}" in refused.stderr


def test_a_component_that_fails_ends_the_run(tmp_path: Path, platform: Platform, url: str) -> None:
    """With the platform's own reason."""
    deployed(tmp_path, url)
    for rows in platform.endpoints.values():
        rows["machines"] = {name: [] for name in rows["machines"]}
    platform.stock = {G5: 0, G6E: 0}
    platform.components.clear()
    steps = json.loads((tmp_path / "calls" / "steps.json").read_text())["steps"]
    number = next(n for n, row in enumerate(steps, 1) if row["operation"] == "CreateInferenceComponent")
    send = ("apply", "sagemaker", tmp_path / "calls", "--send", "--endpoint-url", url, "--region", REGION)

    assert "it is Failed: no instance has room for a copy" in done(*send, "--from", number, code=2).stderr


def test_what_the_service_refuses_of_a_reader(tmp_path: Path, url: str) -> None:
    """An endpoint that is not there, an address that nobody listens at: in words, and no key is shown."""
    there = ("import", "sagemaker", "--endpoint", "nobody", "--region", REGION)
    absent = done(*there, "--endpoint-url", url, code=2)
    assert "DescribeEndpoint nobody: refused with ValidationException: Could not find endpoint nobody" in absent.stderr
    silent = done(*there, "--endpoint-url", "http://127.0.0.1:9", code=2)
    assert "DescribeEndpoint nobody" in silent.stderr
    assert "test-secret" not in absent.stderr + silent.stderr


def test_without_boto3_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is loaded when it is needed, and no earlier."""
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    missing = done("import", "sagemaker", "--endpoint", "x", code=2)

    assert "pip install 'gpu-placement[sagemaker]'" in missing.stderr


def random_fleet(rng: random.Random) -> dict[str, Any]:
    """Components of whole accelerators on two types; memory of accelerators keeps some off the smaller ones."""
    document = copy.deepcopy(FLEET)
    names = ("chat_8b", "rank", "code-34b", "x", "$(id)", "Größe")
    document["components"] = []
    for name in rng.sample(names, rng.randint(1, 4)):
        copies = rng.randint(1, 5)
        row: dict[str, Any] = {
            "name": name,
            "copies": copies,
            "accelerators": rng.choice((1, 1, 2, 4)),
            "accelerator_memory_gib": rng.choice((10, 20, 40)),
            "vcpus": rng.choice((0, 1, 4, 11)),
            "memory_gib": rng.choice((0.125, 16, 60)),
        }
        if rng.random() < 0.3:
            row["min_copies"] = rng.randint(0, copies)
        document["components"].append(row)
    return document


@one_by_one(range(200), 4)
def test_random_fleets_are_the_same_elsewhere(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sent, read, planned without a move, written and sent to another platform: the same state is read there."""
    monkeypatch.setattr(apply, "POLL_SECONDS", 0.001)
    document = random_fleet(random.Random(seed))
    here, there = Platform(delay=0), Platform(delay=0)
    with serving(here, monkeypatch) as url:
        deployed(tmp_path, url, fleet=document)
        names = tuple(here.endpoints)
        problem = imported(tmp_path, url, "state", *names)
    (tmp_path / "still.json").write_text(json.dumps(problem.to_document() | {"objective": {"max_moves": 0}}))
    done("solve", tmp_path / "still.json", "-o", tmp_path / "kept.json", *QUICK)
    plan = (tmp_path / "still.json", tmp_path / "kept.json")
    done("verify", *plan)
    assert done("export", "sagemaker", *plan, "--out", tmp_path / "same").stdout.endswith("0 calls\n")
    done("export", "sagemaker", *plan, "--out", tmp_path / "again", "--as-new")
    with serving(there, monkeypatch) as url:
        done("apply", "sagemaker", tmp_path / "again", "--send", "--endpoint-url", url, "--region", REGION)
        again = imported(tmp_path, url, "again", *names)
    assert again.to_document() == problem.to_document()


def test_ranges_are_read_and_give_way(tmp_path: Path, platform: Platform, url: str) -> None:
    """Application Auto Scaling is asked too, page by page; copies beyond a range stay where a plan put them.

    So are scheduled actions and policies, of which those of others are left alone.
    """
    fleet = copy.deepcopy(FLEET)
    del fleet["pools"][0]  # one type, so one endpoint
    for row in fleet["components"]:
        row["min_copies"] = 1
    deployed(tmp_path, url, fleet=fleet)
    dimension = "sagemaker:inference-component:DesiredCopyCount"
    for name in ("a", "b", "c"):
        action = {"ScheduledActionName": name, "Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": 2}}
        platform.PutScheduledAction(ResourceId="inference-component/rank", ScalableDimension=dimension, **action)
    other = {"ResourceId": "inference-component/other", "ScalableDimension": dimension, **action}
    platform.actions["other", "other"] = other
    document = imported(tmp_path, url, "state", *platform.endpoints).to_document()
    of_rank = next(row for row in document["components"] if row["name"] == "rank")
    ranges = [
        (row["labels"]["sagemaker.min_capacity"], row["labels"]["sagemaker.max_capacity"])
        for row in document["components"]
    ]
    assert sorted(ranges) == [("1", "2"), ("1", "2"), ("1", "5")]
    actions = json.loads(of_rank["labels"]["sagemaker.scheduled_actions"])
    assert [row["ScheduledActionName"] for row in actions] == ["a", "b", "c"]
    of_rank["copies"] = 3
    (tmp_path / "more.json").write_text(json.dumps(document))
    done("solve", tmp_path / "more.json", "-o", tmp_path / "next.json", *QUICK)
    done("export", "sagemaker", tmp_path / "more.json", tmp_path / "next.json", "--out", tmp_path / "changes")
    done("apply", "sagemaker", tmp_path / "changes", "--send", "--endpoint-url", url, "--region", REGION)

    assert platform.components["rank"]["copies"] == 3


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("DescribeScalableTargets", "what is scaled is not known"),
        ("DescribeScheduledActions", "what changes ranges by the clock is not known"),
        ("DescribeScalingPolicies", "by what copies are scaled is not known"),
    ],
)
def test_ranges_that_may_not_be_read_are_told(
    call: str, told: str, tmp_path: Path, platform: Platform, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role without that permission still reads the rest."""
    deployed(tmp_path, url)

    def refuse(**call: Any) -> None:
        raise Refused("no permission")

    monkeypatch.setattr(platform, call, refuse)
    named = [word for name in platform.endpoints for word in ("--endpoint", name)]
    out = ("-o", tmp_path / "state.json", "--full")
    said = done("import", "sagemaker", *named, "--endpoint-url", url, "--region", REGION, *out).stderr

    assert f"no permission; {told}" in " ".join(said.split())


@pytest.mark.parametrize(("copies", "machines"), [(13, 4), (3, 1)])
def test_no_range_of_machines_moves_them(
    copies: int, machines: int, tmp_path: Path, platform: Platform, url: str
) -> None:
    """Pinned, more machines or fewer: the range is widened, the endpoint updated, and only then is the range narrowed.

    The endpoint refuses an update while another is under way, such as one that a range has begun.
    """
    variant = {"VariantName": "main", "InstanceType": G5, "InitialInstanceCount": 3}
    platform.CreateEndpointConfig(EndpointConfigName="llm-c", ExecutionRoleArn=ROLE, ProductionVariants=[variant])
    platform.CreateEndpoint(EndpointName="llm", EndpointConfigName="llm-c")
    platform.endpoints["llm"]["looks"] = 0
    needs = {"NumberOfAcceleratorDevicesRequired": 1, "MinMemoryRequiredInMb": 1024}
    platform.CreateInferenceComponent(
        InferenceComponentName="chat",
        EndpointName="llm",
        VariantName="main",
        Specification={"ModelName": "chat", "ComputeResourceRequirements": needs},
        RuntimeConfig={"CopyCount": 9},
    )
    scalable = {
        "ResourceId": "endpoint/llm/variant/main",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    platform.RegisterScalableTarget(**scalable, MinCapacity=2, MaxCapacity=3)
    platform.PutScheduledAction(
        **scalable,
        ScheduledActionName="night",
        Schedule="cron(0 20 * * ? *)",
        StartTime=1_800_000_000,
        ScalableTargetAction={"MinCapacity": 2},
    )
    document = imported(tmp_path, url, "state", "llm").to_document()
    document["components"][0]["copies"] = copies
    document["pools"][0] |= {"max_instances": 9, "min_instances": 0}
    (tmp_path / "next.json").write_text(json.dumps(document))
    done("solve", tmp_path / "next.json", "-o", tmp_path / "plan.json", *QUICK)
    plan = (tmp_path / "next.json", tmp_path / "plan.json")
    said = done("export", "sagemaker", *plan, "--out", tmp_path / "changes", "--pin", "--full")
    done("apply", "sagemaker", tmp_path / "changes", "--send", "--endpoint-url", url, "--region", REGION)

    assert platform.brought_back == []
    assert len(platform.endpoints["llm"]["machines"]["main"]) == machines
    assert platform.targets["endpoint/llm/variant/main"]["MinCapacity"] == machines
    assert "they end what --pin fixes: delete them, or not: night" in " ".join((said.stdout + said.stderr).split())
    told = json.loads(document["pools"][0]["labels"]["sagemaker.scheduled_actions"])
    assert told[0]["StartTime"].startswith("2027-01-15T08:00:00")


def changed_at_random(rng: random.Random, document: dict[str, Any]) -> None:
    """Other numbers of copies and limits of machines, a component that ends, a new one, and a new pool."""
    for row in document["components"]:
        row["copies"] = rng.choice((0, 1, row["copies"], row["copies"] + 1, row["copies"] + 4))
    for row in document["pools"]:
        kept = rng.random()
        if kept < 0.7:
            row.pop("max_instances", None)
            row.pop("min_instances", None)
        if kept < 0.4:
            row["max_instances"] = rng.randint(8, 20)
    if rng.random() < 0.5:
        row = {"name": "fresh", "copies": rng.randint(1, 3), "accelerators": 1, "memory_gib": 4, "min_copies": 1}
        document["components"].append(row)
    if rng.random() < 0.5:
        kind = rng.choice(list(document["instance_types"]))
        document["pools"].append({"name": "more", "instance_type": kind, "zone": REGION})


@pytest.mark.parametrize("seed", [53, 173])
def test_bug_copies_came_before_the_machines_for_them(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wider range comes with a last configuration, of fewer machines: copies that come wait for those that go."""
    test_random_changes_end_as_planned(seed, tmp_path, monkeypatch)


@one_by_one(range(300), 6)
def test_random_changes_end_as_planned(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sent to what runs, with ranges that the platform keeps by itself: each component has the plan's copies."""
    monkeypatch.setattr(apply, "POLL_SECONDS", 0.001)
    rng = random.Random(seed)
    platform = Platform(delay=0)
    with serving(platform, monkeypatch) as url:
        deployed(tmp_path, url, fleet=random_fleet(rng))
        options = ("--consolidate",) if rng.random() < 0.4 else ()
        document = imported(tmp_path, url, "state", *platform.endpoints, options=options).to_document()
        changed_at_random(rng, document)
        (tmp_path / "next.json").write_text(json.dumps(document))
        solved = run("solve", str(tmp_path / "next.json"), "-o", str(tmp_path / "plan2.json"), *QUICK)
        planned = json.loads((tmp_path / "plan2.json").read_text())
        if solved.exit_code != 0 or "assignments" not in planned:
            return  # no plan within the limits
        wish = rng.sample(("--pin", "--fallback", "--exact"), rng.randint(0, 2))
        plan = (tmp_path / "next.json", tmp_path / "plan2.json")
        said = done("export", "sagemaker", *plan, "--out", tmp_path / "changes", "--role", ROLE, *wish).stdout
        sent = run("apply", "sagemaker", str(tmp_path / "changes"), "--send", "--endpoint-url", url, "--region", REGION)
    assert platform.brought_back == []
    if "may not fit" in said:
        return  # which is told
    assert sent.exit_code == 0, sent.stderr
    for row in document["components"]:
        runs = sum(found["copies"] for name, found in platform.components.items() if name.startswith(row["name"]))
        assert runs == sum(each["component"] == row["name"] for each in planned["assignments"]), row["name"]
    if "--pin" in wish:
        machines = sum(len(each) for found in platform.endpoints.values() for each in found["machines"].values())
        left = sum(
            len(each) for found in platform.endpoints.values() for each in found["machines"].values() if not each
        )
        assert machines - left >= len(planned["instances"])


def scaled_to_zero(platform: Platform, machines: int) -> None:
    """An endpoint whose components fill its machines, and one of which has no copy; another without machines."""
    needs = {"MinMemoryRequiredInMb": 1024, "NumberOfAcceleratorDevicesRequired": 2}
    for name, count in (("full", machines), ("empty", 0)):
        variant = {"VariantName": "main", "InstanceType": G5, "InitialInstanceCount": 1}
        variant["ManagedInstanceScaling"] = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": machines}
        platform.configs[name] = {"EndpointConfigName": name, "ExecutionRoleArn": ROLE, "ProductionVariants": [variant]}
        platform.endpoints[name] = {"config": name, "machines": {"main": [G5] * count}, "looks": 0}
    for name, of, copies in (("chat", "full", 2 * machines), ("rank", "full", 0), ("idle", "empty", 0)):
        made_of = {"ModelName": name, "ComputeResourceRequirements": needs}
        row = {"EndpointName": of, "VariantName": "main", "Specification": made_of, "looks": 0, "copies": copies}
        platform.components[name] = {"InferenceComponentName": name, **row}


def test_components_without_copies_are_made_again(
    tmp_path: Path, platform: Platform, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a copy each, which finds room before others take it; not where their endpoint is not made."""
    scaled_to_zero(platform, 2)
    imported(tmp_path, url, "state", "full", "empty")
    done("solve", tmp_path / "state.json", "-o", tmp_path / "plan.json", *QUICK)
    out = tmp_path / "again"
    made = done("export", "sagemaker", tmp_path / "state.json", tmp_path / "plan.json", "--out", out, "--as-new")
    elsewhere = Platform(delay=0)
    with serving(elsewhere, monkeypatch) as other:
        done("apply", "sagemaker", out, "--send", "--endpoint-url", other, "--region", REGION)
        again = imported(tmp_path, other, "again", "full")

    assert {row.name: row.copies for row in again.components} == {"chat": 4, "rank": 0}
    assert "component idle: inexact: it has no copy, and its endpoint empty is not made: neither is it" in made.stderr

"""Readers of what users already have: what each sample says, and what each kind of damage is called."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.catalogue.facts import Findings, Node
from placement.catalogue.market import Market
from placement.catalogue.readers import ANSWERS_OF_AWS, read_facts
from placement.catalogue.readers.fields import At, parse_csv, quantity
from placement.catalogue.readers.kubernetes import read_nodes
from placement.errors import DocumentError, printable
from tests.catalogue import samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Write = "Callable[[Any], Path]"


@pytest.fixture
def told(tmp_path: Path) -> Callable[[Any], Findings]:
    """What the readers make of a JSON document or a text."""

    def read(content: Any) -> Findings:
        path = tmp_path / "facts"
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return read_facts(path)

    return read


def test_instance_types(told: Callable[[Any], Findings]) -> None:
    """MiB become GiB; a fraction of a GPU is one slice; a chip told twice is one; a machine without any is one too."""
    types = {facts.name: facts for facts in told(samples.TYPES).types}

    p5, slice_, inferentia, plain = (types[name] for name in ("p5.48xlarge", "g6f.large", "inf2.xlarge", "c7i.4xlarge"))
    assert (p5.accelerator, p5.accelerator_count, p5.accelerator_memory_gib, p5.vcpus) == ("H100", 8, 80, 192)
    assert (p5.memory_gib, p5.efa_interfaces) == (2048, 32)
    assert (slice_.device, slice_.accelerator_count, slice_.accelerator_share) == ("L4-1/8", 1, 0.125)
    assert slice_.accelerator_memory_gib == 2861 / 1024
    assert (inferentia.accelerator, inferentia.accelerator_count) == ("Inferentia2", 1)
    assert (plain.accelerator, plain.accelerator_count) == ("", 0)


def test_the_users_facts_fill_up_from_the_table(told: Callable[[Any], Findings]) -> None:
    """What EC2's answer leaves open, such as the price, is still the table's."""
    market = Market([told(samples.TYPES)])

    assert market.types["p5.48xlarge"].kubernetes_memory_gib == 1892.98
    assert market.price("p5.48xlarge", "us-east-1") is not None
    assert market.types["c7i.4xlarge"].price is None


def test_offerings(told: Callable[[Any], Findings]) -> None:
    """Zones by id and by name, and regions; they count instead of the table's zones."""
    market = Market([told(samples.OFFERINGS)])

    assert market.zones("p5.48xlarge", "us-east-1") == ("use1-az4", "use1-az6")
    assert market.zones("g6.xlarge", "eu-west-1") == ("eu-west-1b",)
    assert "eu-west-2" in market.regions("g6.xlarge")
    assert len(market.zones("p5.48xlarge", "us-west-2")) > 1  # of which the file says nothing


def test_spot_prices(told: Callable[[Any], Findings]) -> None:
    """The newest of Linux counts; on-demand prices stay."""
    market = Market([told(samples.SPOT)])
    price = market.price("g6.12xlarge", "us-east-1", "us-east-1a", "spot")

    assert price is not None
    assert (price.per_hour, price.date) == (2.1, "2026-11-03")
    assert market.price("g6.12xlarge", "us-east-1", "us-east-1b", "spot") is None
    assert market.findings[0].skipped == ("left out: 1 x the spot price of another system than Linux",)
    on_demand = market.price("g6.12xlarge", "us-east-1")
    assert on_demand is not None
    assert on_demand.per_hour == 4.6016


def test_list_prices(told: Callable[[Any], Findings]) -> None:
    """Hosting of SageMaker and plain Linux of EC2; Windows, dedicated machines and training are left out."""
    market = Market([told(samples.PRICES)])
    hosting, linux = market.price("ml.g5.2xlarge", "eu-west-1"), market.price("p5.48xlarge", "eu-west-1")

    assert hosting is not None
    assert linux is not None
    assert (hosting.per_hour, hosting.region, hosting.date) == (1.69, "eu-west-1", "2026-10-01")
    assert (linux.per_hour, linux.source) == (61.5, "AWS price list")
    assert market.findings[0].skipped[0].startswith("left out: 3 x a product")


def test_quotas(told: Callable[[Any], Findings]) -> None:
    """Machines of one type on SageMaker; vCPUs of families on EC2, on demand and on spot apart."""
    market = Market([told(samples.QUOTAS)])
    expected = {
        "ml.p5.48xlarge": 3,
        "ml.g6.12xlarge": 0,
        "ml.g5.xlarge": None,  # its quota is of training
        "p5.48xlarge": 400 // 192,
        "p4d.24xlarge": 400 // 96,
        "g6.12xlarge": 96 // 48,
        "inf2.xlarge": None,
    }

    assert {name: market.most(name, "us-east-1") for name in expected} == expected
    assert market.most("p5.48xlarge", "us-east-1", "spot") == 1
    assert market.most("p4d.24xlarge", "us-east-1", "spot") is None
    assert market.most("p5.48xlarge", "us-east-2") is None


def test_quotas_of_endpoints(told: Callable[[Any], Findings]) -> None:
    """One counts machines of all types; those that count something else are named, others of SageMaker are counted."""
    names = ("Number of instances across active endpoints", "Maximum number of instances per endpoint", "Total domains")
    rows = [samples.QUOTAS["Quotas"][0] | {"QuotaName": name, "Value": 20} for name in names]
    found = told({"Quotas": rows})
    market = Market([found])

    assert (market.most("ml.p5.48xlarge", "us-east-1"), market.most("p5.48xlarge", "us-east-1")) == (20, None)
    assert found.skipped == (
        "left out: quota Maximum number of instances per endpoint: it counts no machines of the account",
        "left out: 1 x a quota of something else than endpoints or EC2 instances",
    )


def test_savings_plans(told: Callable[[Any], Findings]) -> None:
    """Those that are active, of SageMaker and of EC2; others are counted, and that the answer goes on is told."""
    found = told(samples.SAVINGS_PLANS)

    assert [(plan.provider, plan.per_hour, plan.region, plan.family) for plan in found.savings_plans] == [
        ("sagemaker", 4.5, "", ""),
        ("aws", 10, "", ""),
        ("aws", 2.25, "", ""),
        ("aws", 30, "us-east-1", "p5"),
    ]
    assert found.skipped[0].startswith("left out: 2 x a savings plan that is not active")
    assert "the answer goes on" in found.skipped[1]


def test_a_savings_plan_in_another_currency_is_left_out(told: Callable[[Any], Findings]) -> None:
    """Its commitment is no number of dollars."""
    plan = {"savingsPlanType": "SageMaker", "state": "active", "commitment": "3.5", "currency": "CNY"}
    found = told({"savingsPlans": [plan]})

    assert found.savings_plans == ()
    assert found.skipped[0].startswith("left out: 1 x a savings plan that is not active, not in dollars")


def test_reserved_instances(told: Callable[[Any], Findings]) -> None:
    """Those that are active, and for Linux on shared machines; a zone by its names."""
    found = told(samples.RESERVED)

    assert [(row.instance_type, row.count, row.zones) for row in found.reserved] == [
        *(("p5.48xlarge", count, ("us-east-1a", "use1-az1")) for count in (2, 1)),
        ("p5.48xlarge", 4, ()),
        ("g6.12xlarge", 5, ()),
    ]
    assert found.skipped[0].startswith("left out: 3 x a reserved instance that is not active")
    with pytest.raises(DocumentError, match=r"ReservedInstances\[0\]\.Scope: must be one of Availability Zone, Region"):
        told({"ReservedInstances": [samples.reserved("p5.48xlarge", 1, Scope="Zone")]})
    with pytest.raises(DocumentError, match=r"ReservedInstances\[0\]\.AvailabilityZone: is required"):
        told({"ReservedInstances": [samples.reserved("p5.48xlarge", 1, Scope="Availability Zone")]})


def test_budgets(told: Callable[[Any], Findings]) -> None:
    """Dollars of a day, a month or a year as dollars an hour; whose filter may say anything else is named."""
    found = told(samples.BUDGETS)

    assert [(budget.name, budget.per_hour, budget.provider) for budget in found.budgets] == [
        ("all", 100, ""),
        ("models", 10, "sagemaker"),
        ("machines", 2, "aws"),
    ]
    assert [line.split()[3].rstrip(":") for line in found.skipped] == ["storage", "both", "tagged", "hours", "new"]


def test_skypilot(told: Callable[[Any], Findings]) -> None:
    """Memory tells which A100 it is; what has no machine is counted."""
    found = told(samples.SKYPILOT)
    market = Market([found])
    price = market.price("p4d.24xlarge", "us-east-1", "use1-az4", "spot")

    assert [facts.name for facts in found.types] == ["p4d.24xlarge", "c3.large", "a3-highgpu-8g"]
    assert market.types["p4d.24xlarge"].accelerator == "A100-40GB"
    assert market.types["a3-highgpu-8g"].accelerator_memory_gib == 80
    assert price is not None
    assert price.per_hour == 9.5
    assert market.zones("a3-highgpu-8g", "us-central1") == ("us-central1-a",)
    assert found.skipped == ("left out: 1 x a row that has no machine of its own",)


def test_gpuhunt(told: Callable[[Any], Findings]) -> None:
    """Spot and on demand apart; a zone of Google Cloud tells its region."""
    market = Market([told(samples.GPUHUNT)])
    spot, demand = (market.price("g5.12xlarge", "us-east-1", "", kind) for kind in ("spot", "on-demand"))

    assert spot is not None
    assert demand is not None
    assert (spot.per_hour, demand.per_hour) == (2.1, 5.672)
    assert market.zones("g2-standard-4", "us-central1") == ("us-central1-a",)
    assert market.findings[0].skipped == ("left out: 1 x a row that names an accelerator whose memory nothing tells",)


def test_nodes(told: Callable[[Any], Findings]) -> None:
    """Allocatable and not capacity, the least of a type's nodes; time-sliced GPUs once; cordoned nodes are told."""
    found = told(samples.NODES)
    types = {facts.name: facts for facts in found.types}

    h100, shared, plain = types["p5.48xlarge"], types["g5.xlarge"], types["16cpu"]
    assert (h100.accelerator, h100.accelerator_count, h100.vcpus) == ("H100", 8, 191.45)
    assert h100.memory_gib == 2029000 / 1024
    assert (shared.accelerator, shared.accelerator_count) == ("A10G", 1)
    assert (plain.accelerator_count, plain.memory_gib) == (0, 64)
    assert found.nodes == (
        Node("gpu-1", "p5.48xlarge", "us-east-1a", region="us-east-1"),
        Node("gpu-2", "p5.48xlarge", "us-east-1b", state="cordoned", region="us-east-1"),
        Node("shared-1", "g5.xlarge", "us-east-1a", "spot"),
        Node("cpu-1", "16cpu", "no-zone"),
    )
    assert [line.split(":")[0] for line in found.skipped] == [
        "node odd-1 has 2 accelerators of unknown kind (it lacks the label nvidia.com/gpu.product)",
        "node mig-1 has MIG partitions under names of their own (nvidia.com/mig-...), which are not read here",
    ]
    assert Market([found]).types["p5.48xlarge"].kubernetes_memory_gib is None  # nothing is taken off twice


def test_accelerators_that_the_catalogue_has_not(told: Callable[[Any], Findings]) -> None:
    """The label is there: what is missing is their memory, or another name."""
    room = {"cpu": "16", "memory": "64Gi", "nvidia.com/gpu": "1"}
    labels = {"nvidia.com/gpu.product": "NVIDIA-H1000"}
    rows = [samples.node("n", labels, room), samples.node("m", labels | {"nvidia.com/gpu.memory": "81920"}, room)]

    found = told({**samples.NODES, "items": rows})

    assert found.skipped == (
        'node n has 1 accelerator of kind "NVIDIA-H1000", which the catalogue has not (none is like it; `placement '
        "catalogue list` lists all 37), and it lacks the label nvidia.com/gpu.memory, which would tell their memory: "
        "left out",
    )
    assert [(row.accelerator, row.accelerator_memory_gib) for row in found.types] == [("NVIDIA-H1000", 80.0)]


def test_nodes_that_are_not_ready_or_go(told: Callable[[Any], Findings]) -> None:
    """The first are left out by name; what is being deleted must be left."""
    room = {"cpu": "8", "memory": "9Gi"}
    tired, going = samples.node("tired", {}, room), samples.node("going", {}, room)
    tired["status"]["conditions"] = [{"type": "Ready", "status": "Unknown"}]
    going["metadata"]["deletionTimestamp"] = "2026-11-02T10:00:00Z"
    found = told({"kind": "NodeList", "items": [tired, going]})

    assert found.skipped == ("node tired is not ready: left out",)
    assert [(node.name, node.state) for node in found.nodes] == [("going", "draining")]


def test_bug_other_objects_of_a_cluster_are_left_out(told: Callable[[Any], Findings]) -> None:
    """What `import kubernetes` reads has pods, too: each was told to lack what nodes have."""
    node = {**samples.node("n", {}, {"cpu": "8", "memory": "9Gi"}), "kind": "Node"}
    pods = [{"kind": "Pod", "metadata": {"name": "p"}, "spec": {}}, {"kind": "Deployment"}]
    found = told({"kind": "List", "items": [*pods, node]})

    assert [row.name for row in found.nodes] == ["n"]
    assert found.skipped == ("left out: 2 x an object that is no node",)


def test_nodes_of_one_label_and_different_accelerators(told: Callable[[Any], Findings]) -> None:
    """They are types of their own: a planner must not mix them up."""
    labels = {"node.kubernetes.io/instance-type": "bare", "nvidia.com/gpu.product": "NVIDIA-L4"}
    items = [
        samples.node(f"n{count}", labels, {"cpu": "8", "memory": "9Gi", "nvidia.com/gpu": str(count)})
        for count in (1, 2)
    ]
    found = told({"kind": "List", "items": items})

    assert [facts.name for facts in found.types] == ["bare-1xL4", "bare-2xL4"]
    assert [node.instance_type for node in found.nodes] == ["bare-1xL4", "bare-2xL4"]


@pytest.mark.parametrize(
    ("labels", "allocatable", "device"),
    [
        ({"cloud.google.com/gke-accelerator": "nvidia-l4"}, {"nvidia.com/gpu": "1"}, ("L4", 24, 1)),
        (
            {
                "cloud.google.com/gke-accelerator": "nvidia-l4",
                "cloud.google.com/gke-max-shared-clients-per-gpu": "24",
                "cloud.google.com/gke-gpu-sharing-strategy": "time-sharing",
            },
            {"nvidia.com/gpu": "48"},
            ("L4", 24, 2),
        ),
        (
            {
                "cloud.google.com/gke-accelerator": "nvidia-tesla-a100",
                "cloud.google.com/gke-gpu-partition-size": "2g.10gb",
            },
            {"nvidia.com/gpu": "3"},
            ("nvidia-tesla-a100-MIG-2g.10gb", 10, 3),
        ),
        (
            {"nvidia.com/gpu.product": "Tesla-T4-SHARED", "nvidia.com/gpu.replicas": "4"},
            {"nvidia.com/gpu": "0", "nvidia.com/gpu.shared": "8"},
            ("T4", 16, 2),
        ),
        (
            {"nvidia.com/gpu.product": "Tesla-T4", "nvidia.com/gpu.replicas": "1" * 5000},
            {"nvidia.com/gpu": "2"},
            ("T4", 16, 2),
        ),
        (
            {"karpenter.k8s.aws/instance-gpu-name": "a100", "karpenter.k8s.aws/instance-gpu-memory": "81920"},
            {"nvidia.com/gpu": "8"},
            ("A100-80GB", 80, 8),
        ),
        (
            {"amd.com/gpu.product-name": "AMD_Instinct_MI300X_OAM", "amd.com/gpu.vram": "192G"},
            {"amd.com/gpu": "8"},
            ("MI300X", 192, 8),
        ),
        (
            {"beta.amd.com/gpu.product-name": "AMD_Radeon_8060S_Graphics", "beta.amd.com/gpu.vram": "65536M"},
            {"amd.com/gpu": "1"},
            ("AMD_Radeon_8060S_Graphics", 64, 1),
        ),
        ({"amd.com/gpu.product-name": "AMD_Instinct_MI300X_OAM"}, {"amd.com/gpu": "1"}, ("MI300X", 192, 1)),
        (
            {"node.kubernetes.io/instance-type": "inf2.48xlarge"},
            {"aws.amazon.com/neuron": "12"},
            ("Inferentia2", 32, 12),
        ),
        (
            {
                "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb",
                "nvidia.com/gpu.memory": "4864",
                "nvidia.com/mig.strategy": "single",
            },
            {"nvidia.com/gpu": "7"},
            ("NVIDIA-A100-SXM4-40GB-MIG-1g.5gb", 4.75, 7),
        ),
    ],
)
def test_kinds_of_accelerators_on_nodes(
    told: Callable[[Any], Findings], labels: dict[str, str], allocatable: dict[str, str], device: tuple[str, float, int]
) -> None:
    """Told by labels of Google's Kubernetes, of Karpenter, of MIG, or by the type alone."""
    (facts,) = told(samples.node("n", labels, {"cpu": "8", "memory": "9Gi"} | allocatable)).types

    assert (facts.accelerator, facts.accelerator_memory_gib, facts.accelerator_count) == device


@pytest.mark.parametrize(
    ("text", "value"),
    [("128974848", 128974848), ("129e6", 129e6), ("123Mi", 123 * 2**20), ("100m", 0.1), ("0.5", 0.5), (".5k", 500)],
)
def test_quantities(text: str, value: float) -> None:
    """As Kubernetes writes them."""
    found = quantity(text)

    assert found is not None
    assert float(found) == value


@pytest.mark.parametrize("text", ["", "-1", "1 Gi", "1GiB", "1e999", "Gi", "1_0", "\u0661"])
def test_what_is_no_quantity(text: str) -> None:
    """None, and no exception."""
    assert quantity(text) is None


def test_a_number_is_a_quantity() -> None:
    """Also one of bytes, which is beyond a billion."""
    assert At(17_179_869_184).quantity() == 2**34
    assert At(0.25).quantity() == Fraction(1, 4)


def changed(document: Any, *mode: Any, value: Any) -> Any:
    """A copy with another value at a place; `...` takes the key away."""
    made = copy.deepcopy(document)
    here = made
    for step in mode[:-1]:
        here = here[step]
    if value is ...:
        del here[mode[-1]]
    else:
        here[mode[-1]] = value
    return made


DAMAGED = [
    ("{", "is not JSON: Expecting property name enclosed in double quotes at line 1 column 2"),
    ("", "facts: is empty"),
    ('{"Instance": []}', "is none of the answers that are known"),
    ("[1, 2]", "is none of the answers that are known"),
    ('{"Quotas": [{"Value": NaN}]}', "$.Quotas[0].Value: must be a finite number, got NaN"),
    (
        changed(samples.TYPES, "InstanceTypes", 1, "VCpuInfo", "DefaultVCpus", value="two"),
        '$.InstanceTypes[1].VCpuInfo.DefaultVCpus: must be a number, got "two"',
    ),
    (changed(samples.TYPES, "InstanceTypes", 0, "MemoryInfo", value=...), "$.InstanceTypes[0].MemoryInfo: is required"),
    (
        changed(samples.TYPES, "InstanceTypes", 0, "MemoryInfo", "SizeInMiB", value=1e12),
        "$.InstanceTypes[0].MemoryInfo.SizeInMiB: must be a finite number from 0 to 1e9, got 1000000000000.0",
    ),
    (samples.SKYPILOT.replace("21.96", "-1"), "row 2, column Price: must be a finite number from 0 to 1e9, got -1.0"),
    (changed(samples.TYPES, "InstanceTypes", value={}), "$.InstanceTypes: must be a list, got {}"),
    (
        changed(samples.OFFERINGS, "InstanceTypeOfferings", 0, "Location", value="moon-1"),
        "$.InstanceTypeOfferings[0].Location: names no zone of AWS: its name ends as us-east-1a does",
    ),
    (
        changed(samples.SPOT, "SpotPriceHistory", 0, "SpotPrice", value="free"),
        '$.SpotPriceHistory[0].SpotPrice: must be a number, got "free"',
    ),
    (changed(samples.PRICES, "PriceList", 2, value="{"), "$.PriceList[2]: is not JSON: Expecting property name"),
    (
        changed(samples.QUOTAS, "Quotas", 3, "QuotaArn", value="arn"),
        '$.Quotas[3].QuotaArn: must be the ARN of a quota, which names its region, got "arn"',
    ),
    (
        changed(samples.NODES, "items", 0, "status", "allocatable", "memory", value="lots"),
        "$.items[0].status.allocatable.memory: must be a quantity of Kubernetes that is not negative, such as 16, ",
    ),
    (samples.SKYPILOT.replace("21.96", "cheap"), 'row 2, column Price: must be a number, got "cheap"'),
    (samples.SKYPILOT.replace(",us-east-1,use1-az2", ",,use1-az2"), "row 3, column Region: must not be empty"),
    (samples.SKYPILOT.replace("{'Gpus'", "{'Gpus"), "row 2, column GpuInfo: must be a mapping with a list of Gpus"),
    (samples.SKYPILOT + "a,b\n", "row 6: has 2 columns, the first row has 10"),
    (samples.SKYPILOT.replace("Price,", "Cost,", 1), "row 1: is no price list that is known"),
    (samples.SKYPILOT.replace("vCPUs", "Price", 1), 'row 1: names a column twice, got "Price"'),
    ("a,4.95,4.95\n", 'row 1: must name the columns, and has a number, got "4.95"'),
    (samples.GPUHUNT.replace("False", "maybe", 1), 'row 2, column spot: must be True or False, got "maybe"'),
    (samples.GPUHUNT.splitlines()[0], "has no rows below the row of column names"),
    ('a,"b\n', "row 1: is not CSV: unexpected end of data"),
]


@pytest.mark.parametrize(("content", "message"), DAMAGED, ids=[str(index) for index in range(len(DAMAGED))])
def test_damage_is_named(told: Callable[[Any], Findings], content: Any, message: str) -> None:
    """Where, which rule, which value."""
    with pytest.raises(DocumentError) as caught:
        told(content)

    assert message in str(caught.value)


def test_all_damaged_rows_are_told_at_once(told: Callable[[Any], Findings]) -> None:
    """A person mends a file once."""
    with pytest.raises(DocumentError) as caught:
        told(samples.SKYPILOT.replace("21.96", "a").replace("0.105", "b"))

    assert [fault.path for fault in caught.value.faults] == ["row 2, column Price", "row 3, column Price"]


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from(
        ["1e400", "-1", "nan", "\ud800", "Gi", "0", "99999999999", "{'Gpus': []}", "ml.x for endpoint usage"]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def places(value: Any, mode: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    found = [mode] if mode else []
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        found += places(entry, (*mode, key))
    return found


@given(data=st.data(), name=st.sampled_from(sorted(samples.JSON_SAMPLES)))
def test_damaged_answers_never_crash(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, name: str) -> None:
    """Whatever stands anywhere in an answer: it is read, or it is a fault with a place."""
    document = samples.JSON_SAMPLES[name]
    for _ in range(data.draw(st.integers(1, 3))):
        mode = data.draw(st.sampled_from(places(document) or [()]))
        if not mode:
            break
        document = changed(document, *mode, value=data.draw(st.one_of(ODD, st.just(...))))

    survives(tmp_path_factory.getbasetemp() / "fuzzed.json", json.dumps(document))


@given(data=st.data(), name=st.sampled_from(sorted(samples.CSV_SAMPLES)))
def test_damaged_price_lists_never_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, name: str
) -> None:
    """The same for cells, quotes, line ends and whole rows."""
    lines = samples.CSV_SAMPLES[name].splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        row = data.draw(st.integers(0, len(lines) - 1))
        cells = lines[row].split(",")
        cell = data.draw(st.integers(0, len(cells) - 1))
        cells[cell] = data.draw(
            st.one_of(st.text(max_size=6), st.sampled_from(['"', "\0", "1e999", "-3", "nan", "\r", "{"]))
        )
        lines[row] = ",".join(cells)

    survives(tmp_path_factory.getbasetemp() / "fuzzed.csv", "\n".join(lines))


@given(content=st.binary(max_size=60))
def test_any_bytes_never_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """A file may be anything."""
    path = tmp_path_factory.getbasetemp() / "fuzzed.bin"
    path.write_bytes(content)
    with pytest.raises(DocumentError):
        read_facts(path)


def survives(path: Path, text: str) -> None:
    """Reading gives findings that a market takes, or faults that each have a place and fit on a line."""
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        market = Market([read_facts(path)])
    except DocumentError as error:
        market, faults = Market(), error.faults
    else:
        faults = ()
    assert all(fault.path and str(fault) == printable(str(fault)) for fault in faults)
    for name, facts in market.types.items():
        assert facts.accelerator_count >= 0
        market.most(name, "us-east-1")


@pytest.mark.parametrize(
    "text",
    [
        "model,copies\nphi-2,2\n",
        "model;copies\r\nphi-2;2\r\n",
        "model\tcopies\nphi-2\t2\n",
        "\nmodel,copies,,\n,,,\n phi-2 ,2,,\n  ,\n\n",
        "model,copies\nphi-2,2,,\n",
    ],
)
def test_tables_as_spreadsheets_write_them(text: str) -> None:
    """Other separators, empty rows and empty last columns; but cells under no name are told."""
    (row,) = parse_csv(text, "table")

    assert (row.text("model"), row.text("copies"), list(row.cells)) == ("phi-2", "2", ["model", "copies"])
    with pytest.raises(DocumentError, match="row 3: has 3 columns, the first row has 2"):
        parse_csv("model,copies,\nphi-2,2,\nphi-2,2,x\n", "table")


@pytest.mark.parametrize(
    ("labels", "provider", "zone"),
    [
        ({"topology.kubernetes.io/zone": "a"}, "aws:///us-east-1b/i-0abc", "a"),
        ({"topology.gke.io/zone": "us-central1-a"}, "", "us-central1-a"),
        ({}, "aws:///us-east-1b/i-0abc", "us-east-1b"),
        ({}, "gce://my-project/us-central1-a/node-1", "us-central1-a"),
        ({}, "azure:///subscriptions/x/resourceGroups/y", "no-zone"),
        ({}, "kind://docker/kind/kind-control-plane", "no-zone"),
        ({}, 7, "no-zone"),
    ],
)
def test_zones_of_nodes(labels: dict[str, str], provider: object, zone: str) -> None:
    """By labels of the cluster or of drivers of disks, else by where the cloud's controller says that a node is."""
    status = {"allocatable": {"cpu": "4", "memory": "16Gi"}}
    node = {"kind": "Node", "metadata": {"name": "n", "labels": labels}, "spec": {"providerID": provider}}

    assert [row.zone for row in read_nodes(At({**node, "status": status}), "nodes").nodes] == [zone]


@pytest.mark.parametrize("key", [*sorted(ANSWERS_OF_AWS), "items"])
def test_an_empty_answer_is_told(key: str, told: Callable[[Any], Findings]) -> None:
    """A filter or a region that matches nothing looks like an answer."""
    kind = {"kind": "List"} if key == "items" else {}

    assert told({key: [], **kind}).skipped == (f"{key} is empty, so nothing is known from this file",)

"""The shipped tables: every row is whole, sourced, and what the inputs say that are installed or at hand."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

from placement import catalogue
from placement.catalogue.names import nearest_names, plain
from placement.errors import UsageError

PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "published" / "gpu-instance-catalog"
TYPES = catalogue.instance_types()


def moto_file(*parts: str) -> Path:
    """A data file of the installed moto, which is not imported: it would load all of boto."""
    spec = importlib.util.find_spec("moto")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("moto is not installed, so nothing to compare the catalogue with: pip install moto")
    return Path(spec.submodule_search_locations[0]).joinpath("ec2", "resources", *parts)


def unzipped(path: Path) -> Any:
    """A JSON file under gzip."""
    return json.loads(gzip.decompress(path.read_bytes()))


def test_the_table_has_about_190_machines_of_four_providers() -> None:
    """Names are unique, and an accelerator that a machine has is in the other table."""
    counts = dict.fromkeys(("aws", "sagemaker", "gcp", "azure"), 0)
    for facts in TYPES.values():
        counts[facts.provider] += 1

    assert 180 <= sum(counts.values()) <= 220
    assert all(count > 20 for count in counts.values())
    assert {facts.accelerator for facts in TYPES.values()} <= set(catalogue.accelerators())


@pytest.mark.parametrize("facts", TYPES.values(), ids=lambda facts: facts.name)
def test_each_row_is_whole(facts: catalogue.InstanceFacts) -> None:
    """Sizes are above 0, what Kubernetes leaves is less than there is, and a price has a date and a source."""
    assert min(facts.vcpus, facts.memory_gib, facts.accelerator_memory_gib, facts.accelerator_count) > 0
    assert 0 < facts.accelerator_share <= 1
    assert facts.accelerator_share == 1 or facts.accelerator_count == 1
    assert facts.kubernetes_memory_gib is None or 0.5 < facts.kubernetes_memory_gib / facts.memory_gib < 1
    assert {catalogue.region_of_zone(zone) for zone in facts.zones} <= set(facts.regions)
    if facts.price is not None:
        assert facts.price.per_hour > 0
        assert re.match(r"20\d\d", facts.price.date)
        assert facts.price.source
        assert facts.price.region


@pytest.mark.parametrize("facts", catalogue.accelerators().values(), ids=lambda facts: facts.name)
def test_less_is_usable_than_is_sold(facts: catalogue.AcceleratorFacts) -> None:
    """The driver keeps a part; what is known of it has a source."""
    assert (facts.usable_gib is None) == (facts.usable_source == "")
    if facts.usable_gib is not None:
        assert 0.9 * facts.nominal_gb < facts.usable_gib < facts.nominal_gb
    for name in (facts.name, *facts.aliases):
        assert catalogue.accelerator(name) is facts


def test_the_api_reports_at_least_what_is_usable() -> None:
    """On whole accelerators: a table of slices, or a wrong name of one, would show here."""
    for facts in TYPES.values():
        usable = catalogue.accelerators()[facts.accelerator].usable_gib
        if usable is not None and facts.accelerator_share == 1:
            assert usable < facts.accelerator_memory_gib, facts.name


def test_sagemaker_has_the_same_machines_as_ec2() -> None:
    """Shape by shape; and a derived price is its factor times EC2's."""
    for name, facts in TYPES.items():
        if facts.provider != "sagemaker":
            continue
        machine = TYPES[name.removeprefix("ml.")]
        shape = ("accelerator", "accelerator_count", "accelerator_memory_gib", "vcpus", "memory_gib")
        assert [getattr(facts, key) for key in shape] == [getattr(machine, key) for key in shape]
        assert facts.regions
        if facts.price and facts.price.derived:
            factor = float(facts.price.derived.partition(" ")[0])
            assert machine.price is not None
            assert facts.price.per_hour == pytest.approx(factor * machine.price.per_hour, abs=1e-6)


def test_the_table_is_what_the_installed_moto_says() -> None:
    """Shapes of all of EC2's accelerated machines that moto knows, and the zones that offer them."""
    described = unzipped(moto_file("instance_types.json.gz"))
    compared = 0
    for name, facts in described.items():
        devices = (
            *facts.get("GpuInfo", {}).get("Gpus", ()),
            *facts.get("NeuronInfo", {}).get("NeuronDevices", ()),
            *facts.get("InferenceAcceleratorInfo", {}).get("Accelerators", ()),
        )
        if not devices:
            continue
        ours, device = TYPES[name], devices[0]
        assert ours.vcpus == facts["VCpuInfo"]["DefaultVCpus"], name
        assert ours.memory_gib == pytest.approx(facts["MemoryInfo"]["SizeInMiB"] / 1024, abs=1e-5), name
        assert ours.accelerator_count == (device["Count"] or 1), name
        assert ours.accelerator_share == device.get("GpuPartitionSize", 1.0), name
        if ours.accelerator != "Trainium2":  # EC2's API says 512 GiB of each; 96 are sold
            assert ours.accelerator_memory_gib == pytest.approx(device["MemoryInfo"]["SizeInMiB"] / 1024, abs=1e-5)
        assert plain(device["Name"]) in plain(" ".join([ours.accelerator, *accelerator_aliases(ours)])), name
        compared += 1

    assert compared > 70


def accelerator_aliases(facts: catalogue.InstanceFacts) -> tuple[str, ...]:
    """Other names of a machine's accelerator."""
    return catalogue.accelerators()[facts.accelerator].aliases


def test_zones_are_what_the_installed_moto_says() -> None:
    """By id, region by region; a region that moto has learned of since is a reason to make the table again."""
    offered: dict[str, set[str]] = {name: set() for name in TYPES}
    for path in moto_file("instance_type_offerings", "availability-zone-id").glob("*.json.gz"):
        for offer in unzipped(path):
            if offer["InstanceType"] in offered:
                offered[offer["InstanceType"]].add(offer["Location"])
    for name, facts in TYPES.items():
        if facts.provider == "aws":
            assert set(facts.zones) == offered[name], name


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason=f"{PUBLISHED} is not there")
def test_prices_are_the_published_ones() -> None:
    """Of every row that has one and is no SageMaker row; of those, all that are listed and not stale."""
    with (PUBLISHED / "gpu_instances.csv").open(encoding="utf-8", newline="") as stream:
        listed = {row["instance_type"]: row["on_demand_usd_per_hour"] for row in csv.DictReader(stream)}
    with (PUBLISHED / "sagemaker_ml_prices.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["instance_type"]: row for row in csv.DictReader(stream)}

    assert set(listed) <= set(TYPES)
    for name, price in listed.items():
        found = TYPES[name].price
        assert (found.per_hour if found else None) == (float(price) if price else None), name
    for name, row in rows.items():
        if name in TYPES and float(row["ratio_to_ec2"]) < 1.6:
            found = TYPES[name].price
            assert found is not None
            assert (found.per_hour, found.derived) == (float(row["on_demand_usd_per_hour"]), "")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("H100", "H100"),
        ("h100-80gb", "H100"),
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA-A100-SXM4-40GB", "A100-40GB"),
        ("nvidia-tesla-a100", "A100-40GB"),
        ("Tesla-T4", "T4"),
        ("RTX PRO Server 6000", "RTX-PRO-6000"),
        ("AWS Inferentia2", "Inferentia2"),
    ],
)
def test_an_accelerator_is_found_by_many_names(written: str, name: str) -> None:
    """Those of drivers, clouds and Kubernetes."""
    assert catalogue.accelerator(written).name == name


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("A100", 'sold in several sizes; write "A100-40GB" or "A100-80GB"'),
        ("H1000", 'did you mean "H100", "H100-NVL" or "H200"?'),
        ("", 'no accelerator "" is in the catalogue'),
        ("\u202eH\n", "no accelerator"),
    ],
)
def test_an_unknown_accelerator_gets_the_nearest_names(written: str, message: str) -> None:
    """Or the sizes that its name leaves open."""
    with pytest.raises(UsageError) as caught:
        catalogue.accelerator(written)

    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_the_memory_tells_the_size() -> None:
    """Where a cloud's name of an accelerator leaves it open."""
    small, large = catalogue.find_accelerator("A100", 40), catalogue.find_accelerator("A100", 80)

    assert small is not None
    assert large is not None
    assert (small.name, large.name) == ("A100-40GB", "A100-80GB")
    assert catalogue.find_accelerator("A100") is None
    assert catalogue.find_accelerator("Q9") is None


def test_instance_types_are_found_by_name() -> None:
    """In any case; an unknown one gets the nearest names."""
    assert catalogue.instance_type("ML.P5.48XLARGE").name == "ml.p5.48xlarge"
    assert catalogue.instance_type("standard_nd96isr_h100_v5").provider == "azure"
    with pytest.raises(UsageError, match=r'did you mean "ml\.p5\.48xlarge"'):
        catalogue.instance_type("ml.p5.48xlarg")
    with pytest.raises(UsageError, match="name must be text, got 5"):
        catalogue.instance_type(5)  # type: ignore[arg-type]


def test_slices_have_a_name_of_their_own() -> None:
    """An eighth of an L4 is no L4 to a planner."""
    assert catalogue.instance_type("g6f.large").device == "L4-1/8"
    assert catalogue.instance_type("g6.xlarge").device == "L4"


def test_nearest_names_of_nothing() -> None:
    """Words for every case."""
    assert nearest_names("x", []) == "none is known"
    assert nearest_names("x", ["aaa"]) == "known: aaa"
    assert nearest_names("aab", ["aaa", "bbb"]) == 'did you mean "aaa"?'


def test_the_page_counts_what_the_tables_have() -> None:
    """Machines by provider, accelerators, and SageMaker's listed prices."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "guide" / "catalogue.md").read_text("utf-8")
    hosting = [facts for facts in TYPES.values() if facts.provider == "sagemaker"]
    by_provider = [
        sum(facts.provider == name for facts in TYPES.values()) for name in ("aws", "sagemaker", "gcp", "azure")
    ]
    listed = sum(facts.price is not None and not facts.price.derived for facts in hosting)
    told = re.search(
        r"(\d+) instance types with accelerators, of AWS \((\d+)\), SageMaker \((\d+)\), Google Cloud \((\d+)\) and "
        r"Azure \((\d+)\), and the\s+(\d+) kinds",
        page,
    )

    assert told is not None
    assert [int(number) for number in told.groups()] == [len(TYPES), *by_provider, len(catalogue.accelerators())]
    assert f"prices {listed} are listed" in page


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("H100", "H100"),
        ("nvidia h100", "H100"),
        ("NVIDIA H100 PCIe", "H100-PCIe"),
        ("H100 NVL", "H100-NVL"),
        ("NVIDIA A40", "A40"),
        ("H20", "H20"),
        ("NVIDIA GH200 480GB", "GH200-96GB"),
        ("NVIDIA RTX A6000", "RTX-A6000"),
    ],
)
def test_names_of_accelerators(name: str, found: str) -> None:
    """As drivers and people write them; that of a whole family is its own where an accelerator has it."""
    assert catalogue.accelerator(name).name == found


def test_a_family_sold_in_several_sizes_is_asked_for() -> None:
    """GH200 is none of its sizes."""
    with pytest.raises(UsageError, match='write "GH200-144GB" or "GH200-96GB"'):
        catalogue.accelerator("GH200")

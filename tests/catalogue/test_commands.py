"""`placement catalogue`: list, show and export, as a user runs them."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement.documents.yaml_text import parse_yaml
from tests.catalogue import samples
from tests.cli.test_solve import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with every sample in a file of its name."""
    for name, document in samples.JSON_SAMPLES.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    for name, text in samples.CSV_SAMPLES.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def listed(*arguments: Any) -> list[dict[str, Any]]:
    """Rows of `catalogue list --format json`."""
    done = run("catalogue", "list", "--format", "json", *arguments)
    assert done.exit_code == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def test_list_is_what_the_filters_leave() -> None:
    """By accelerator, region, provider and price; the cheapest first."""
    rows = listed("--gpu", "H100", "--region", "us-east-1", "--max-price", "60")
    machines = listed("--gpu", "a100", "--provider", "gcp")

    assert [row["instance_type"] for row in rows] == ["p5.4xlarge", "p5.48xlarge"]
    assert rows[0]["zones"][0].startswith("use1-az")
    assert {row["accelerator"] for row in machines} == {"A100-40GB", "A100-80GB"}
    assert [row["price_per_hour"] for row in machines] == sorted(row["price_per_hour"] for row in machines)
    assert len(listed()) == 203


def test_list_as_a_table_and_as_csv() -> None:
    """The table says what a price is not; CSV has a column for it."""
    table = run("catalogue", "list", "--gpu", "H100", "--provider", "sagemaker", "--region", "us-east-1")
    rows = list(csv.DictReader(io.StringIO(run("catalogue", "list", "--gpu", "L4", "--format", "csv").stdout)))

    assert "ml.p5.48xlarge" in table.stdout
    assert "derived: 1.15 x" in " ".join(table.stdout.split())
    assert rows[0]["instance_type"] == "g6f.large"
    assert rows[0]["price_region"] == "us-east-1"


def test_list_knows_the_users_files(files: Path) -> None:
    """Quotas become the most machines; a price of the user's list counts first; nodes are a provider too."""
    (quota,) = listed(
        "--gpu", "H100", "--provider", "sagemaker", "--region", "us-east-1", "--facts", files / "quotas.json"
    )
    prices = listed("--gpu", "H100", "--region", "eu-west-1", "--facts", files / "prices.json")
    nodes = listed("--provider", "kubernetes", "--facts", files / "nodes.json")

    assert quota["max_instances"] == 3
    assert [row["price_per_hour"] for row in prices] == [61.5]
    assert [row["instance_type"] for row in nodes] == ["g5.xlarge", "p5.48xlarge"]


def test_nothing_found_is_said() -> None:
    """On stderr; an empty list is no error."""
    done = run("catalogue", "list", "--gpu", "H100", "--max-price", "1")

    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "placement: no machine of the catalogue is like that\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "--gpu", "H10"], 'no accelerator "H10" is in the catalogue; did you mean "H100"'),
        (["list", "--gpu", ""], "--gpu is empty: give it a value, or leave it out."),
        (["list", "--region", "us-est-1"], 'no region "us-est-1" is in the catalogue'),
        (["list", "--provider", "amazon"], 'no provider "amazon" is in the catalogue; known: aws, sagemaker'),
        (["list", "--format", "yaml"], '--format: no "yaml"; known: table, csv, json'),
        (["show", "ml.p5.48xl"], 'neither an instance type nor an accelerator is called "ml.p5.48xl"; did you mean'),
        (["export"], "name the instance types to export, or accelerators with --gpu"),
        (["export", "p5e.48xlarge"], "no price is known of p5e.48xlarge; give each with --price p5e.48xlarge=DOLLARS"),
        (["export", "p5.48xlarge", "--price", "p5.48xlarge"], "--price must be TYPE=DOLLARS"),
        (["export", "p5.48xlarge", "--price", "p5.48xlarge=nan"], "--price must be TYPE=DOLLARS"),
        (["export", "p5.48xlarge", "--price", "p6=1"], 'no instance type "p6" is in the catalogue'),
        (
            ["export", "p5.48xlarge", "--region", "us-central1"],
            "p5.48xlarge is not offered in us-central1; it is in ap-",
        ),
        (
            ["export", "p5.48xlarge", "ml.p5.48xlarge", "--region", "eu-central-1"],
            "us-west-2; ml.p5.48xlarge is not offered in eu-central-1; it is in ap-southeast-2, ca-central-1",
        ),
        (
            ["list", "--gpu", "g6.xlarge"],
            'no accelerator "g6.xlarge" is in the catalogue; it is an instance type, with L4',
        ),
        (["export", "ml.p5.48xlarge", "--region", "eu-west-1"], "ml.p5.48xlarge is not offered in eu-west-1"),
        (["export", "a3-highgpu-8g", "--region", "us-east-1"], "not offered in us-east-1; it is in us-central1"),
        (
            ["export", "g6.xlarge", "--spot", "--region", "us-east-1"],
            "no spot price is known of g6.xlarge in us-east-1; give each with --price",
        ),
        (
            ["export", "p5.48xlarge", "--region", "us-east-1", "--zones", "use1-az7"],
            '--zones: use1-az7 is no zone of us-east-1; did you mean "use1-az6"',
        ),
        (
            ["export", "g6.xlarge", "--region", "us-east-1", "--zones", "use1-az1,typo"],
            "--zones: typo is no zone of us-east-1; known: use1-az1,",
        ),
        (
            ["export", "g6.xlarge", "--region", "us-east-1", "--zones", "use1-az1,us-east-1a"],
            "use1-az1 is an id and us-east-1a a name, which may be the same zone",
        ),
        (
            ["export", "p4de.24xlarge", "--region", "us-east-1", "--zones", "use1-az1"],
            "p4de.24xlarge is not offered in",
        ),
        (["show", "zzzzqq"], 'is called "zzzzqq"; none is like it; `placement catalogue list` lists all'),
        (["export", "zzzzqq"], "in the catalogue; none is like it; `placement catalogue list` lists all"),
        (["list", "--gpu", "zzzzqq"], "in the catalogue; none is like it; `placement catalogue list` lists all"),
        (["list", "--facts", "absent.json"], "absent.json: can't be read: No such file or directory"),
    ],
)
def test_bad_arguments(arguments: list[str], message: str) -> None:
    """Exit 2, with the nearest names or the way out."""
    done = run("catalogue", *arguments)

    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())


def test_show_a_machine_and_an_accelerator(files: Path) -> None:
    """All that is known, and what is not."""
    machine = " ".join(run("catalogue", "show", "ML.P5.48XLARGE", "--region", "us-east-1").stdout.split())
    quota = run("catalogue", "show", "ml.p5.48xlarge", "--region", "us-east-1", "--facts", files / "quotas.json").stdout
    family = run("catalogue", "show", "A100").stdout
    unknown = " ".join(run("catalogue", "show", "p5e.48xlarge").stdout.split())

    assert "8 x H100: 79.19 GiB usable of 80 GB each, joined by NVLink" in machine
    assert "$63.30 an hour (derived: 1.15 x EC2," in machine
    assert "at most 3 machines in us-east-1" in quota
    assert "A100-40GB" in family
    assert "A100-80GB" in family
    assert "price no price is known" in unknown


def read_export(path: Path, *arguments: Any) -> placement.Problem:
    """Export blocks, and read them as a problem that has no components."""
    target = path / "blocks.yaml"
    done = run("catalogue", "export", *arguments, "--output", target)
    assert done.exit_code == 0, done.stderr
    target.write_text("format: placement/v1\ncomponents: []\n" + target.read_text())
    return placement.read(target)


def test_export_is_part_of_a_problem(tmp_path: Path) -> None:
    """A pool a zone, at the table's prices; zones may be chosen."""
    made = read_export(
        tmp_path, "ml.p5.48xlarge", "g6.12xlarge", "--region", "us-east-1", "--zones", "use1-az1, use1-az2"
    )

    assert [(pool.instance_type, pool.zone) for pool in made.pools] == [
        ("ml.p5.48xlarge", "use1-az1"),
        ("ml.p5.48xlarge", "use1-az2"),
        ("g6.12xlarge", "use1-az1"),
        ("g6.12xlarge", "use1-az2"),
    ]
    assert made.instance_types["g6.12xlarge"].reserved.memory_gib == 17.26
    assert made.accelerators["L4"].memory_gib == 22.03


def test_export_of_quotas_and_spot(files: Path) -> None:
    """Quotas become max_instances; spot prices stand on the pools."""
    quota = read_export(files, "ml.p5.48xlarge", "--region", "us-east-1", "--facts", files / "quotas.json")
    (files / "blocks.yaml").unlink()
    spot = read_export(files, "g6.12xlarge", "--region", "us-east-1", "--spot", "--facts", files / "spot.json")

    assert {pool.max_instances for pool in quota.pools} == {3}
    assert [(pool.name, pool.price_per_hour) for pool in spot.pools] == [("g6.12xlarge-us-east-1a-spot", 2.1)]


def test_export_never_writes_over_its_facts(files: Path) -> None:
    """Not with --force either: an answer of AWS that was saved would be lost."""
    facts = files / "quotas.json"
    before = facts.read_bytes()

    wish = ("ml.p5.48xlarge", "--region", "us-east-1", "--facts", facts)
    done = run("catalogue", "export", *wish, "-o", facts, "--force")

    assert done.exit_code == 2
    assert "is the same file as" in done.stderr
    assert facts.read_bytes() == before


def spot_prices(path: Path, *zones: str) -> Path:
    """A file of spot prices of g6e.xlarge in some zones, by id or by name."""
    rows = [
        {
            "InstanceType": "g6e.xlarge",
            "AvailabilityZone": zone,
            "SpotPrice": "0.9",
            "Timestamp": "2026-11-02T10:00:00Z",
        }
        for zone in zones
    ]
    path.write_text(json.dumps({"SpotPriceHistory": rows}))
    return path


EXPORT = ("export", "g6e.xlarge", "--region", "us-east-1")


def pools_and_words(*arguments: Any) -> tuple[list[str], str]:
    """The zones of the pools that an export makes, and what it says beside."""
    done = run("catalogue", *EXPORT, *arguments)
    assert done.exit_code == 0, done.stderr
    return [pool["zone"] for pool in parse_yaml(done.stdout)["pools"]], " ".join(done.stderr.split())


@pytest.mark.parametrize("priced", [("use1-az4",), ("us-east-1a",)])
def test_spot_prices_of_a_part_of_the_zones_take_no_zone_away_on_demand(tmp_path: Path, priced: tuple[str]) -> None:
    """The pools are those of an export without the file, which is told to be for nothing here."""
    usual, _ = pools_and_words()
    zones, words = pools_and_words("--facts", spot_prices(tmp_path / "spot.json", *priced))

    assert len(zones) > 1
    assert zones == usual
    assert "spot.json has spot prices, and machines are on demand here: not used" in words


@pytest.mark.parametrize(
    ("priced", "more", "zones", "words"),
    [
        (("use1-az4", "use1-az6"), (), ["use1-az4", "use1-az6"], "of g6e.xlarge in use1-az1, use1-az2, so no pool is"),
        (("us-east-1a",), (), ["us-east-1a"], "Spot prices of g6e.xlarge are known in 1 of its 4 zones, so no pool is"),
        (("use1-az4",), ("--zones", "use1-az1,use1-az4"), ["use1-az4"], "of g6e.xlarge in use1-az1, so no pool is"),
        (("us-east-1a",), ("--zones", "us-east-1a,us-east-1c"), ["us-east-1a"], "in us-east-1c, so no pool is there"),
    ],
)
def test_zones_without_a_spot_price_are_told(
    tmp_path: Path, priced: tuple[str, ...], more: tuple[str, ...], zones: list[str], words: str
) -> None:
    """With the ways to have a pool there, on stderr and in the file."""
    spot = spot_prices(tmp_path / "spot.json", *priced)
    found, told = pools_and_words("--spot", "--facts", spot, *more)
    text = run("catalogue", *EXPORT, "--spot", "--facts", spot, *more).stdout

    assert found == zones
    assert words in told
    assert "(--facts FILE), --price g6e.xlarge=DOLLARS is a price for all zones" in told
    assert words in " ".join(text.replace("#", " ").split())


def test_a_price_that_is_given_is_one_for_all_zones(tmp_path: Path) -> None:
    """Also on spot, where a file has prices of some."""
    spot = spot_prices(tmp_path / "spot.json", "use1-az4")
    zones, words = pools_and_words("--spot", "--facts", spot, "--price", "g6e.xlarge=1")

    assert zones == pools_and_words()[0]
    assert words == ""


def test_types_without_a_spot_price_are_told_together(tmp_path: Path) -> None:
    """All of them, with both ways out."""
    spot = spot_prices(tmp_path / "spot.json", "use1-az4")
    done = run("catalogue", *EXPORT, "g6.xlarge", "g5.xlarge", "--spot", "--facts", spot)

    assert done.exit_code == 2
    assert "no spot price is known of g6.xlarge, g5.xlarge in us-east-1; give each with --price" in done.stderr


def test_zones_by_name_are_taken_as_they_are() -> None:
    """Which of the ids one is differs from account to account."""
    done = run("catalogue", "export", "g6.xlarge", "--region", "us-east-1", "--zones", "us-east-1a,us-east-1b")

    assert done.exit_code == 0, done.stderr
    assert [row["zone"] for row in parse_yaml(done.stdout)["pools"]] == ["us-east-1a", "us-east-1b"]
    assert "that these machines are offered in us-east-1a, us-east-1b is not checked" in done.stdout.replace(
        "\n# ", " "
    )
    assert "not offered" not in done.stdout


def test_without_a_region_it_is_that_which_is_missing() -> None:
    """Not the zones."""
    text = " ".join(run("catalogue", "export", "p5.48xlarge").stdout.replace("#", "").split())

    assert "No region is given, so all zones of p5.48xlarge stand as one, all: --region has them one by one." in text
    assert "not known" not in text


def test_unknown_zones_are_said_once() -> None:
    """The region stands for them."""
    made = run("catalogue", "export", "g2-standard-4", "g2-standard-8", "--region", "us-central1").stdout

    assert made.startswith(
        "# The zones of g2-standard-4, g2-standard-8 are not known: us-central1 stands for all of them"
    )
    assert "{name: g2-standard-4-us-central1, instance_type: g2-standard-4, zone: us-central1}" in made


def test_what_is_not_known_of_regions_is_no_fault(files: Path) -> None:
    """A region where the tables have only another region's price; one that a file of the user's adds."""
    assert run("catalogue", "export", "a3-highgpu-8g", "--region", "us-central1").exit_code == 0
    told = run("catalogue", "export", "p5.48xlarge", "--region", "eu-west-1", "--facts", files / "prices.json")
    assert "p5.48xlarge-eu-west-1" in told.stdout


def test_a_quota_over_several_pools_is_a_limit(files: Path) -> None:
    """Machines of a type on SageMaker, vCPUs of families on EC2; a single pool needs none."""
    shared = ("p5.48xlarge", "p4d.24xlarge", "ml.p5.48xlarge", "--zones", "use1-az1", "--region", "us-east-1")
    made = read_export(files, *shared, "--facts", files / "quotas.json")
    (limit,) = made.limits

    assert (limit.name, limit.max_vcpus, limit.max_instances) == ("Running On-Demand P instances", 400, None)
    assert limit.pools == ("p5.48xlarge-use1-az1", "p4d.24xlarge-use1-az1")
    (files / "blocks.yaml").unlink()
    hosting = ("ml.p5.48xlarge", "--zones", "use1-az1,use1-az2", "--region", "us-east-1")
    (limit,) = read_export(files, *hosting, "--facts", files / "quotas.json").limits
    assert (limit.max_instances, len(limit.pools)) == (3, 2)


def test_export_of_a_cluster(files: Path) -> None:
    """Its nodes as they are, and what they hold; a price where the type has none."""
    made = read_export(files, "--facts", files / "nodes.json", "--price", "16cpu=0.7", "--price", "g5.xlarge=0.4")

    assert [(row.id, row.state) for row in made.instances][:2] == [("gpu-1", "active"), ("gpu-2", "cordoned")]
    assert [pool.max_instances for pool in made.pools] == [1, 1, 1, 1]
    assert made.instance_types["p5.48xlarge"].price_per_hour == 55.04
    assert made.instance_types["p5.48xlarge"].reserved.memory_gib == 0


def test_export_of_a_part_of_a_cluster(files: Path) -> None:
    """Of the zones asked for; the other nodes are told. A zone that it has not is refused, and so is a region."""
    facts = ("--facts", files / "nodes.json", "--price", "16cpu=0.7", "--price", "g5.xlarge=0.4")

    done = run("catalogue", "export", *facts, "--zones", "us-east-1a")
    made = parse_yaml(done.stdout)
    refused = run("catalogue", "export", "p5.48xlarge", *facts, "--region", "eu-west-1")

    assert done.exit_code == 0, done.stderr
    assert [row["id"] for row in made["instances"]] == ["gpu-1", "shared-1"]
    assert {row["zone"] for row in made["pools"]} == {"us-east-1a"}
    assert "# Left out: 1 node of p5.48xlarge in other zones.\n" in done.stdout
    assert "--zones: z9 is no zone of these machines; known: no-zone, us-east-1a" in " ".join(
        run("catalogue", "export", *facts, "--zones", "z9").stderr.split()
    )
    assert refused.exit_code == 2
    told = "no node of type p5.48xlarge is in eu-west-1; they are in us-east-1"
    assert " ".join(refused.stderr.split()).endswith(told)


def test_nodes_without_the_label_of_a_region_are_in_any(tmp_path: Path) -> None:
    """Nothing tells that they are elsewhere; of those with it, the others are not."""
    label, region = "node.kubernetes.io/instance-type", "topology.kubernetes.io/region"
    product = {"nvidia.com/gpu.product": "NVIDIA-L40S"}
    room = {"cpu": "16", "memory": "64Gi", "nvidia.com/gpu": "1"}
    rows = [samples.node("a", {label: "rack", **product}, room),
            samples.node("b", {label: "far", region: "us-east-1", **product}, room)]  # fmt: skip
    (tmp_path / "nodes.json").write_text(json.dumps({"kind": "List", "items": rows}))

    done = run("catalogue", "list", "--provider", "kubernetes", "--facts", tmp_path / "nodes.json",
               "--region", "eu-west-1", "--format", "json")  # fmt: skip

    assert [row["instance_type"] for row in json.loads(done.stdout)] == ["rack"]


def test_ids_of_zones_never_stand_beside_names(files: Path) -> None:
    """A type whose zones a file tells by name, and one of the table: zones named as the account does are both's."""
    asked = (
        "catalogue",
        "export",
        "p5.48xlarge",
        "g6.xlarge",
        "--region",
        "us-east-1",
        "--facts",
        files / "nodes.json",
    )

    refused, done = run(*asked), run(*asked, "--zones", "us-east-1a")

    assert refused.exit_code == 2
    assert (
        "g6.xlarge in use1-az1, an id, and p5.48xlarge in us-east-1a, a name, may stand in the same zone"
        in " ".join(refused.stderr.split())
    )
    assert [row["zone"] for row in parse_yaml(done.stdout)["pools"]] == ["us-east-1a", "us-east-1a"]


def test_export_never_overwrites_without_being_told(tmp_path: Path) -> None:
    """With --force it does; JSON by the suffix."""
    target = tmp_path / "blocks.json"
    target.write_text("mine")
    refused = run("catalogue", "export", "g6.xlarge", "--region", "us-east-1", "-o", target)

    assert refused.exit_code == 2
    assert "is there already; name another file, or write over it with --force" in " ".join(refused.stderr.split())
    assert target.read_text() == "mine"
    assert run("catalogue", "export", "g6.xlarge", "--region", "us-east-1", "-o", target, "--force").exit_code == 0
    assert set(json.loads(target.read_text())) == {"accelerators", "instance_types", "pools"}


def test_damaged_facts_are_told_with_their_place(files: Path) -> None:
    """The file, the row and the column."""
    (files / "skypilot.csv").write_text(samples.SKYPILOT.replace("21.96", "cheap"))
    done = run("catalogue", "list", "--facts", files / "skypilot.csv")

    assert done.exit_code == 2
    assert 'skypilot.csv at row 2, column Price: must be a number, got "cheap"' in " ".join(done.stderr.split())


def test_regions_of_google_and_azure_are_those_of_prices(files: Path) -> None:
    """What is left out for that is told, also by an export; a region that is not known is told with those that are."""
    listed = run("catalogue", "list", "--gpu", "H200", "--gpu", "H100", "--region", "eastus")
    exported = run("catalogue", "export", "--gpu", "H200", "--gpu", "H100", "--region", "eastus")

    left_out = (
        "note: left out: Standard_ND96isr_H200_v5: whether they are offered in eastus is not known, "
        "their price is of eastus2"
    )
    assert left_out in " ".join(listed.stderr.split())
    assert left_out in " ".join(exported.stderr.split())
    assert "left out" not in run("catalogue", "list", "--gpu", "H200", "--region", "us-east-1").stderr
    shown = " ".join(run("catalogue", "show", "a3-megagpu-8g").stdout.split())
    assert "regions asia-northeast1 (of the prices; others are not known)" in shown
    unknown = " ".join(run("catalogue", "list", "--region", "europe-west4").stderr.split())
    assert "those of its prices alone: asia-northeast1, eastus, eastus2, us-central1" in unknown


def test_types_that_nobody_named_are_left_out_without_a_price(files: Path) -> None:
    """Those of a cluster's nodes, or like a filter; what was named, and all there is, needs a price."""
    done = run("catalogue", "export", "--facts", files / "nodes.json", "--output", files / "nodes.yaml")
    named = run("catalogue", "export", "p5.48xlarge", "dl2q.24xlarge", "--region", "us-west-2")
    alone = run("catalogue", "export", "--gpu", "AI100", "--region", "us-west-2")

    text = (files / "nodes.yaml").read_text("utf-8")
    assert (done.exit_code, "16cpu:" in text, "p5.48xlarge:" in text) == (0, False, True)
    note = " ".join(done.stderr.split())
    assert "note: Left out, as no price is known: 16cpu" in note
    assert (
        "note: Left out, as no spot price is known: g5.xlarge. Give each with --price g5.xlarge=DOLLARS, or a file"
        in note
    )
    assert "Give each with --price 16cpu=DOLLARS to take it in." in note
    for refused in (named, alone):
        assert refused.exit_code == 2
        told = "no price is known of dl2q.24xlarge; give each with --price dl2q.24xlarge=DOLLARS"
        assert told in " ".join(refused.stderr.split())


def test_nodes_on_spot_without_a_price_are_left_out_alone(files: Path) -> None:
    """Those of the same type that are rented on demand stay."""
    labels = {"node.kubernetes.io/instance-type": "g5.xlarge", "topology.kubernetes.io/zone": "us-east-1a"}
    room = {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"}
    spot = labels | {"karpenter.sh/capacity-type": "spot"}
    rows = [samples.node("one", labels, room), samples.node("two", spot, room)]
    (files / "mixed.json").write_text(json.dumps({**samples.NODES, "items": rows}))

    done = run("catalogue", "export", "--facts", files / "mixed.json")

    assert "id: one" in done.stdout
    assert "id: two" not in done.stdout
    assert "as no spot price is known of 1 node of g5.xlarge in us-east-1a" in " ".join(done.stderr.split())

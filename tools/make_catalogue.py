"""Make the table of instance types that ships in the package: placement/catalogue/instance_types.csv.

    pip install '.[catalogue]'
    python tools/make_catalogue.py ../shared/published/gpu-instance-catalog

Inputs, each with its licence:

- moto (Apache-2.0): EC2's own description of its instance types, and the zones that offer them;
- cfn-lint (MIT-0): the instance types that SageMaker hosts endpoints on, by region;
- two tables of list prices, with the commits they were read from in their SOURCE.md: shapes of Google Cloud and Azure,
  what Kubernetes leaves of the memory of AWS's machines, prices.

Neither package is imported, only their data files are read. The table of accelerators beside it is kept by hand: its
facts come from logs, one by one.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import importlib.util
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[1] / "placement" / "catalogue"
COLUMNS = (
    "provider",
    "instance_type",
    "accelerator",
    "accelerator_count",
    "accelerator_share",
    "accelerator_memory_gib",
    "vcpus",
    "memory_gib",
    "kubernetes_memory_gib",
    "accelerator_link",
    "network_gbps",
    "efa_interfaces",
    "zones",
    "regions",
    "price_per_hour",
    "price_region",
    "price_date",
    "price_source",
    "price_derived",
    "note",
)
SOURCES = {
    "aws": ("aws/karpenter-provider-aws@1d92708", "2026-07-20"),
    "gcp": ("Cyclenerd/google-cloud-pricing-cost-calculator@fd66b26", "2026-07-30"),
    "azure": ("Azure/karpenter-provider-azure@352646f", "2026-06-18"),
}
SAGEMAKER_SOURCES = {  # `source_class` of the table of SageMaker's prices
    "fmbench": ("aws-samples/foundation-model-benchmarking-tool@00ef155", "2024-2025"),
    "public repos": ("public repositories that quote AWS's price list API", "2026-06..2026-08"),
    "public README": ("public copy of SageMaker's price page", "2021"),
}
# The rule for a SageMaker price that nobody lists: listed prices are this much above EC2's. Of the smallest sizes it is
# 1.4 (g5, g6e, g4dn); of eight GPUs of a p family 1.15 (p3.16xlarge, p3dn, and p5en: 72.795 where EC2 asks 63.296).
USUAL_FACTOR, SMALLEST_FACTOR, LARGEST_FACTOR = 1.25, 1.4, 1.15
STALE_FACTOR = 1.6  # a listed price so far above EC2's is older than EC2's price cut of June 2025

# What joins the accelerators of one machine, by family, from the vendors' product pages. Not here: not known.
LINKS = {
    "NVLink": "p3 p3dn p4d p4de p5 p5e p5en p6-b200 p6-b300 a2-highgpu a2-megagpu a2-ultragpu a3-highgpu a3-megagpu "
    "Standard_ND40rs_v2 Standard_ND96asr_v4 Standard_ND96amsr_A100_v4 Standard_ND96isr_H100_v5 "
    "Standard_ND96isr_H200_v5 Standard_ND128isr_NDR_GB200_v6",
    "NVLink pairs": "Standard_NC48ads_A100_v4 Standard_NC96ads_A100_v4 Standard_NC80adis_H100_v5",
    "Infinity Fabric": "Standard_ND96isr_MI300X_v5",
    "NeuronLink": "inf1 inf2 trn1 trn1n trn2",
    "PCIe": "g4ad g4dn g5 g5g g6 g6e g7 g7e g2-standard g4-standard dl2q",
}
LINK_OF = {family: link for link, families in LINKS.items() for family in families.split()}

NAMES = {  # accelerators as the inputs call them, by the name without blanks and in small letters
    "qualcommai100": "AI100",
    "radeonprov520": "Radeon-Pro-V520",
    "awsinferentia": "Inferentia",
    "awsinferentia2": "Inferentia2",
    "awstrainium": "Trainium",
    "awstrainium2": "Trainium2",
    "rtxpro4500": "RTX-PRO-4500",
    "rtxpro6000": "RTX-PRO-6000",
    "rtxproserver6000": "RTX-PRO-6000",
    "h100nvl": "H100-NVL",
    "t4g": "T4G",
}

FROM_PAGE = "accelerator memory from vendor product page (not in source file)"
Row = dict[str, Any]


def data_of(package: str, *parts: str) -> Path:
    """A data file of an installed package, which is not imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        sys.exit(f"{package} is not installed; pip install '.[catalogue]'")
    return Path(spec.submodule_search_locations[0]).joinpath(*parts)


def unzipped(path: Path) -> Any:
    """A JSON file under gzip."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return json.load(stream)


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def number(value: float | str) -> str:
    """As short as it can be written; four decimals for sizes, all that there are for prices."""
    return f"{float(value):.6f}".rstrip("0").rstrip(".")


def accelerator_name(name: str, memory_gib: float, *, is_slice: bool) -> str:
    """Our name of an accelerator; two of them are sold in two sizes."""
    if name in ("A100", "V100") and not is_slice:
        return f"{name}-{round(memory_gib)}GB"
    return NAMES.get(name.lower().replace(" ", ""), name)


def link_of(name: str, count: int) -> str:
    """What joins the accelerators of one machine; nothing does where there is one."""
    if count < 2:
        return ""
    family = name.partition(".")[0] if "." in name else name.rsplit("-", 1)[0]
    return LINK_OF.get(name) or LINK_OF.get(family, "")


def zones_of_types() -> tuple[dict[str, list[str]], dict[str, str]]:
    """Zone ids by EC2 type, and the region of each prefix of zone ids (use1 is us-east-1)."""
    zones: dict[str, set[str]] = defaultdict(set)
    prefixes = {}
    folder = data_of("moto", "ec2", "resources", "instance_type_offerings", "availability-zone-id")
    for path in sorted(folder.glob("*.json.gz")):
        region = path.name.removesuffix(".json.gz")
        for offer in unzipped(path):
            zones[offer["InstanceType"]].add(offer["Location"])
            prefixes[offer["Location"].rpartition("-")[0]] = region
    return {name: sorted(found) for name, found in zones.items()}, prefixes


def hosting_regions() -> dict[str, list[str]]:
    """Regions by SageMaker type."""
    path = data_of("cfnlint", "data", "schemas", "extensions", "aws_sagemaker_hosting", "instancetype_enum.json")
    regions: dict[str, list[str]] = defaultdict(list)
    for region, names in json.loads(path.read_text("utf-8")).items():
        for name in names["enum"] if isinstance(names, dict) else ():
            regions[name].append(region)
    return regions


def ec2_devices(facts: Row) -> tuple[str, int, float, float] | None:
    """Accelerator, count, share and GiB of each, as EC2's API tells; None of a machine without any."""
    gpus = facts.get("GpuInfo", {}).get("Gpus") or ()
    neurons = facts.get("NeuronInfo", {}).get("NeuronDevices") or ()
    others = facts.get("InferenceAcceleratorInfo", {}).get("Accelerators") or ()
    for device in (*gpus, *neurons, *others):
        share = float(device.get("GpuPartitionSize") or 1)
        gib = device["MemoryInfo"]["SizeInMiB"] / 1024
        return device["Name"], device["Count"] or 1, share, gib
    return None


def ec2_rows(listed: dict[str, dict[str, str]]) -> list[Row]:
    """AWS's machines: what moto has, and what only the price table has (older families)."""
    zones, prefixes = zones_of_types()
    described = unzipped(data_of("moto", "ec2", "resources", "instance_types.json.gz"))
    rows = []
    for name in sorted({*listed, *(name for name, facts in described.items() if ec2_devices(facts))}):
        row = ec2_row(name, described.get(name), listed.get(name))
        row["zones"] = " ".join(zones.get(name, ()))
        row["regions"] = " ".join(sorted({prefixes[zone.rpartition("-")[0]] for zone in zones.get(name, ())}))
        rows.append(row)
    return rows


def ec2_row(name: str, facts: Row | None, listed: dict[str, str] | None) -> Row:
    """One of AWS's machines, from what describes it: EC2's API as moto has it, or the price table."""
    row = price_table_row(listed) if listed else {"provider": "aws", "instance_type": name}
    if facts is None:
        return row
    found = ec2_devices(facts)
    assert found is not None, name
    device, count, share, gib = found
    note = (
        row.get("note", "").replace("accelerator memory from vendor product page (not in source file)", "").strip("; ")
    )
    if device == "Trainium2":  # the API says 512 GiB of each, the product page 96; 16 x 96 GiB is what is sold
        gib, note = 96, "memory of one Trainium2 from the vendor's product page"
    ours = "T4G" if device == "T4g" else accelerator_name(device, gib, is_slice=share < 1)
    efa = facts["NetworkInfo"].get("EfaInfo", {}).get("MaximumEfaInterfaces", 0)
    row |= {
        "accelerator": ours,
        "accelerator_count": count,
        "accelerator_share": number(share),
        "accelerator_memory_gib": number(gib),
        "vcpus": facts["VCpuInfo"]["DefaultVCpus"],
        "memory_gib": number(facts["MemoryInfo"]["SizeInMiB"] / 1024),
        "accelerator_link": link_of(name, count),
        "efa_interfaces": efa,
        "note": note,
    }
    return row


def price_table_row(listed: dict[str, str]) -> Row:
    """A row of the price table in our columns."""
    provider, count = listed["provider"], float(listed["accelerator_count"])
    share = count if count < 1 else 1.0
    gib = float(listed["accelerator_memory_gib"])
    source, date = SOURCES[provider]
    row: Row = {
        "provider": provider,
        "instance_type": listed["instance_type"],
        "accelerator": accelerator_name(listed["accelerator"], gib, is_slice=share < 1),
        "accelerator_count": max(1, int(count)),
        "accelerator_share": number(share),
        "accelerator_memory_gib": number(gib),
        "vcpus": number(listed["vcpu"]),
        "memory_gib": number(listed["host_memory_gib"]),
        "kubernetes_memory_gib": listed["k8s_allocatable_memory_gib"],
        "accelerator_link": link_of(listed["instance_type"], int(count)),
        "network_gbps": number(listed["network_gbps"]) if listed["network_gbps"] else "",
        "note": listed["notes"].replace("fractional GPU slice; accelerator_memory_gib is the slice", "a slice"),
    }
    if listed["on_demand_usd_per_hour"]:
        row |= {
            "price_per_hour": listed["on_demand_usd_per_hour"],
            "price_region": listed["region"],
            "price_date": date,
            "price_source": source,
        }
    return row


def sagemaker_rows(ec2: list[Row], listed: dict[str, dict[str, str]]) -> list[Row]:
    """The same machines as SageMaker hosts endpoints on them, in the regions and at the prices of SageMaker."""
    hosting, rows = hosting_regions(), []
    for machine in ec2:
        name = "ml." + machine["instance_type"]
        if name not in hosting:
            continue
        regions = sorted(hosting[name])
        # SageMaker publishes no zones: EC2's of the same machine, in the regions where SageMaker hosts it.
        own = [zone for zone in machine["zones"].split() if PREFIX_REGION[zone.rpartition("-")[0]] in regions]
        row = {key: value for key, value in machine.items() if not key.startswith("price_")}
        row |= {
            "provider": "sagemaker",
            "instance_type": name,
            "kubernetes_memory_gib": "",
            "zones": " ".join(own),
            "regions": " ".join(regions),
            "note": "",
        }
        rows.append(row | sagemaker_price(machine, listed.get(name)))
    return rows


def sagemaker_price(machine: Row, listed: dict[str, str] | None) -> Row:
    """A listed price, or one derived from EC2's; none where EC2 lists none."""
    if listed and (not listed["ratio_to_ec2"] or float(listed["ratio_to_ec2"]) < STALE_FACTOR):
        source, date = next(value for key, value in SAGEMAKER_SOURCES.items() if listed["source_class"].startswith(key))
        return {
            "price_per_hour": listed["on_demand_usd_per_hour"],
            "price_region": listed["region"],
            "price_date": date,
            "price_source": source,
        }
    if not machine.get("price_per_hour"):
        return {}
    name, factor = machine["instance_type"], USUAL_FACTOR
    if name.startswith("g") and name.endswith(".xlarge"):
        factor = SMALLEST_FACTOR
    elif name.startswith("p") and machine["accelerator_count"] == 8:
        factor = LARGEST_FACTOR
    price: Row = {
        "price_per_hour": number(float(machine["price_per_hour"]) * factor),
        "price_region": machine["price_region"],
        "price_date": machine["price_date"],
        "price_source": machine["price_source"],
        "price_derived": f"{factor} x EC2",
    }
    if listed:
        old = listed["on_demand_usd_per_hour"]
        price["note"] = f"listed at {old} in 2024-2025, before EC2's price cut of June 2025"
    return price


PREFIX_REGION: dict[str, str] = {}


def main() -> None:
    """Write the table and the prefixes of zone ids."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("published", type=Path, help="folder with gpu_instances.csv and sagemaker_ml_prices.csv")
    folder = parser.parse_args().published
    PREFIX_REGION.update(zones_of_types()[1])
    priced = rows_of(folder / "gpu_instances.csv")
    ec2 = ec2_rows({row["instance_type"]: row for row in priced if row["provider"] == "aws"})
    sagemaker = sagemaker_rows(ec2, {row["instance_type"]: row for row in rows_of(folder / "sagemaker_ml_prices.csv")})
    others = [price_table_row(row) for row in priced if row["provider"] != "aws"]
    write(TARGET / "instance_types.csv", COLUMNS, [*ec2, *sagemaker, *others])
    prefixes = [{"zone_prefix": prefix, "region": region} for prefix, region in sorted(PREFIX_REGION.items())]
    write(TARGET / "zone_prefixes.csv", ("zone_prefix", "region"), prefixes)


def write(path: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    """A CSV file with Unix line ends."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{path.name}: {len(rows)} rows")


if __name__ == "__main__":
    main()

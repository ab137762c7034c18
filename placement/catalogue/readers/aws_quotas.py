"""`aws service-quotas list-service-quotas`: how many machines an account may run.

SageMaker's quotas count endpoint machines of one type, and of all types. EC2's count vCPUs of families of types
together, on demand or on spot: "Running On-Demand G and VT instances", "All P5 Spot Instance Requests".
"""

from __future__ import annotations

import re

from placement.catalogue.facts import Capacity, Findings, Quota
from placement.catalogue.readers.fields import At, each, left_out

KEY = "Quotas"
_HOSTING = re.compile(r"(?P<type>ml\.[\w.-]+) for endpoint usage", re.ASCII)
_ALL_HOSTING = "Number of instances across active endpoints"
_OF_ENDPOINTS = re.compile(r"\b(endpoints?|inference components?)\b", re.IGNORECASE)
_ON_DEMAND = re.compile(r"Running On-Demand (?P<families>.+) instances")
_SPOT = re.compile(r"All (?P<families>.+) Spot Instance Requests")
_REGION = re.compile(r"arn:[\w-]+:servicequotas:(?P<region>[a-z0-9-]+):", re.ASCII)


def read_quotas(document: At, source: str) -> Findings:
    """Quotas of SageMaker endpoints and of EC2's families of types.

    Others of endpoints are named and left out, those of something else are counted.
    """
    listed = list(document.key(KEY).items())
    rows = each(listed, _quota, source)
    quotas = tuple(row for row in rows if row is not None)
    names = [at.key("QuotaName").text() for at, row in zip(listed, rows, strict=True) if row is None]
    named = [name for name in names if _OF_ENDPOINTS.search(name)]
    skipped = [f"left out: quota {name}: it counts no machines of the account" for name in named]
    skipped += left_out(len(names) - len(named), "a quota of something else than endpoints or EC2 instances")
    return Findings(source, quotas=quotas, skipped=tuple(skipped))


def _quota(row: At) -> Quota | None:
    name, most = row.key("QuotaName").text(), row.key("Value").number()
    hosting = _HOSTING.fullmatch(name)
    if hosting:
        return Quota(name, _region(row), most, instance_type=hosting["type"])
    if name == _ALL_HOSTING:
        return Quota(name, _region(row), most, provider="sagemaker")
    if found := _ON_DEMAND.fullmatch(name):
        return _family_quota(row, found["families"], most, "on-demand")
    if found := _SPOT.fullmatch(name):
        return _family_quota(row, found["families"], most, "spot")
    return None


def _family_quota(row: At, families: str, most: float, capacity: Capacity) -> Quota | None:
    """The quota of families: "G and VT", "P4, P3 and P2", "Standard (A, C, D, H, I, M, R, T, Z)"."""
    inside = re.search(r"\((.*)\)", families)
    words = re.split(r",\s*|\s+and\s+", inside[1] if inside else families)
    known = tuple(word.strip().lower() for word in words if re.fullmatch(r"[A-Za-z]{1,4}\d?", word.strip()))
    if not known:
        return None
    return Quota(row.key("QuotaName").text(), _region(row), most, capacity, families=known)


def _region(row: At) -> str:
    """The region that a quota's ARN names."""
    arn = row.key("QuotaArn")
    found = _REGION.match(arn.text())
    if not found:
        raise arn.fault("must be the ARN of a quota, which names its region")
    return found["region"]

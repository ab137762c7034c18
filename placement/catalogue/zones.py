"""Zones as people write them: by id (`use1-az1`), or by the name that an account has for them (`us-east-1a`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from placement.catalogue.names import nearest_names
from placement.catalogue.tables import region_of_zone
from placement.errors import UsageError, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from placement.catalogue.market import Market
    from placement.catalogue.offers import Capacity


def is_zone_name(zone: str, region: str) -> bool:
    """Whether a zone is named as accounts name those of a region: `us-east-1a`, of local ones `us-east-1-bos-1a`.

    >>> [is_zone_name(zone, "us-east-1") for zone in ("us-east-1a", "us-east-1-bos-1a", "use1-az1", "us-east-2a")]
    [True, True, False, False]
    """
    return re.fullmatch(re.escape(region) + r"(-[a-z]+-\d+)?[a-z]", zone) is not None


def check_one_spelling(names: Iterable[str], region: str, market: Market, capacity: Capacity = "on-demand") -> None:
    """Refuse types of which some are known in zones by id and some by name, which may be the same zone."""
    by_name, by_id = "", ""
    for name in names:
        for zone in market.zones(name, region, capacity):
            if region_of_zone(zone):
                by_id = by_id or f"{name} in {zone}, an id"
            elif is_zone_name(zone, region):
                by_name = by_name or f"{name} in {zone}, a name"
    if by_name and by_id:
        raise UsageError(
            f"{printable(by_id)}, and {printable(by_name)}, may stand in the same zone: name the zones as your account "
            f"does, such as --zones {region}a,{region}b"
        )


def check_zones(
    zones: Sequence[str], region: str, market: Market, names: Iterable[str], capacity: Capacity = "on-demand"
) -> None:
    """Refuse zones that a region has not, where the zones of any of these types are known there.

    A name as accounts have them is let pass where ids are known: which of them it is differs from account to account.
    Raises UsageError: a zone is unknown, with the nearest ones; or some are ids and some are names, which may be the
    same zone.
    """
    known = sorted({zone for name in names for zone in market.zones(name, region, capacity)})
    if not known:
        return
    there = {zone for name in market.types for zone in market.zones(name, region)}.union(known)
    has_ids = any(map(region_of_zone, there if capacity == "spot" else known))  # no price tells that a name is none
    unknown = [zone for zone in zones if zone not in there and not (has_ids and is_zone_name(zone, region))]
    if unknown:
        told = ", ".join(printable(zone) for zone in unknown)
        also = f"; or as your account names them: {region}a" if has_ids else ""
        where = f"of {printable(region)}" if region else "of these machines"
        raise UsageError(f"--zones: {told} is no zone {where}; {nearest_names(unknown[0], known)}{also}")
    by_name = [zone for zone in zones if is_zone_name(zone, region)]
    by_id = [zone for zone in zones if region_of_zone(zone)]
    if by_name and by_id:
        raise UsageError(
            f"--zones: {by_id[0]} is an id and {by_name[0]} a name, which may be the same zone: write all by id or all "
            "by name"
        )

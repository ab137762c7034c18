"""Pods held to the nodes that can mount their volumes.

Copies of one owner that mount volumes of several places are one component all the same, so where each of them may go is
then not known. One with a volume on its node stays there.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.integrations.kubernetes.pods import PodRow
    from placement.integrations.kubernetes.volumes import MountedClaim, Terms, Volumes
    from placement.integrations.notes import Notes


def bound_to_volumes(found: Sequence[PodRow], volumes: Volumes, notes: Notes) -> list[PodRow]:
    """The same pods, held to nodes that can mount their volumes; notes say what of that is not known.

    A pod whose volume is on its node stays. Of an owner whose pods have volumes of several places none is held.
    """
    of_owner: dict[object, list[int]] = defaultdict(list)
    for index, row in enumerate(found):
        if not row.is_of_node:  # which is never placed
            of_owner[row.owner].append(index)
    bound = list(found)
    for members in of_owner.values():
        pods = [found[index] for index in members]
        _tell_claims(pods, volumes, notes)
        terms = [volumes.terms_of(row.pod) for row in pods]
        is_one_place = len({*terms}) == 1
        held = [_pinned(row, one) for row, one in zip(pods, terms, strict=True)]
        if not is_one_place and any(one and not row.pin for row, one in zip(held, terms, strict=True)):
            told = "its pods have volumes of several places: that each must stay where its volume is can't be said"
            notes.ignored(f"{pods[0].owner.place} spec.volumes", told)
        for index, row in zip(members, held, strict=True):
            bound[index] = _bound(row, terms[0]) if is_one_place else row
    return bound


def _pinned(row: PodRow, terms: tuple[Terms, ...]) -> PodRow:
    is_local = bool(row.node) and _names_node(terms)
    return replace(row, pin=row.pin or "its volume is on its node") if is_local else row


def _bound(row: PodRow, terms: tuple[Terms, ...]) -> PodRow:
    return replace(row, shape=replace(row.shape, rules=replace(row.shape.rules, volumes=terms))) if terms else row


def _names_node(terms: tuple[Terms, ...]) -> bool:
    """Whether a volume can be mounted on nodes that it names alone."""
    return any(all(term.names_node for term in one) for one in terms)


def _tell_claims(pods: Sequence[PodRow], volumes: Volumes, notes: Notes) -> None:
    """Notes on claims that were not given, and on those that copies of one owner share."""
    users: dict[MountedClaim, int] = defaultdict(int)
    for row in pods:
        for claim in volumes.mounted_by(row.pod):
            users[claim] += 1
    place = f"{pods[0].owner.place} spec.volumes"
    if any(not claim.is_known or (claim.volume and claim.volume not in volumes.terms) for claim in users):
        told = "a volume may be bound to a zone or a node, which is not read: add persistentvolumeclaims and "
        notes.ignored(place, f"{told}persistentvolumes to the command")
    for claim, number in users.items():
        if number > 1 and claim.is_known and not claim.is_of_many:
            notes.ignored(place, f"{number} copies share {claim.place}, and {claim.holders}: that can't be said")

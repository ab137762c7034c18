"""What owners of pods say of a roll-out: how many copies may be away, how many more there may be, and what is told.

Of a Deployment, a StatefulSet (one pod at a time unless `maxUnavailable` says more, which it rounds up) and a
LeaderWorkerSet, which counts groups of pods: https://kubernetes.io/docs/concepts/workloads/controllers/ and
https://lws.sigs.k8s.io/docs/reference/leaderworkerset.v1/.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement.integrations.kubernetes.objects import KubeObject, choice_at, whole_at
from placement.units import whole_in

if TYPE_CHECKING:
    from placement.catalogue.readers.fields import At


_MOST_PODS = 1_000_000  # of one group
# Of each kind where its settings stand, the types of its strategy, and what is away and more by default.
_KINDS = {
    "Deployment": ("strategy", "rollingUpdate", ("RollingUpdate", "Recreate"), "25%", "25%"),
    "StatefulSet": ("updateStrategy", "rollingUpdate", ("RollingUpdate", "OnDelete"), "1", "0"),
    "LeaderWorkerSet": ("rolloutStrategy", "rollingUpdateConfiguration", (), "1", "0"),
}


@dataclass(frozen=True, slots=True)
class RollOut:
    """Settings of one owner: `away` and `more` are numbers or percentages of its units, each so many pods."""

    away: str
    more: str
    rounds_up: bool = False  # a percentage that is away
    pods: int = 1  # of one unit
    told: tuple[tuple[str, str], ...] = ()  # fields that no component can say, and why

    def of(self, copies: int) -> tuple[int, int]:
        """Copies of so many that may be away, and that there may be more. One may be away where neither is allowed."""
        units = -(-copies // self.pods)
        more = share_of(self.more, units, up=True)
        away = share_of(self.away, units, up=self.rounds_up) or (0 if more else 1)
        return min(copies, away * self.pods), more * self.pods


def roll_out(found: KubeObject) -> RollOut | None:
    """What an owner says; None where a roll-out takes nothing away by itself."""
    strategy, settings, types, away, more = _KINDS[found.kind]
    kind = choice_at(found.at, types, "spec", strategy, "type") if types else ""
    if kind == "OnDelete":
        return None
    rolling = found.get("spec", strategy, settings)
    if kind == "Recreate":  # all copies end before new ones start
        if rolling is not None:
            raise rolling.fault("must not be there with the type Recreate")
        return RollOut("100%", "0")
    pods = whole_at(found.at, "spec", "leaderWorkerTemplate", "size")
    if pods is not None and not 1 <= pods <= _MOST_PODS:
        raise found.at.key("spec", "leaderWorkerTemplate", "size").fault("must be from 1 to 1,000,000")
    is_set = found.kind == "StatefulSet"
    away, more = _amount(rolling, "maxUnavailable", away), more if is_set else _amount(rolling, "maxSurge", more)
    _check_moves(rolling, away, more)
    told = () if found.kind == "Deployment" else _partition(rolling, f"{strategy}.{settings}")
    return RollOut(away, more, rounds_up=is_set, pods=pods or 1, told=told)


def _check_moves(rolling: At | None, away: str, more: str) -> None:
    """A roll-out takes pods away or adds some, and takes no more away than there are."""
    if rolling is None or rolling.get("maxUnavailable") is None:
        return
    at = rolling.key("maxUnavailable")
    if not int(away.removesuffix("%")) and not int(more.removesuffix("%")):
        raise at.fault("must be more than 0 where no pod may be added (maxSurge)")
    if away.endswith("%") and int(away[:-1]) > 100:
        raise at.fault("must be at most 100%")


def _partition(rolling: At | None, place: str) -> tuple[tuple[str, str], ...]:
    partition = whole_at(rolling, "partition")
    if not partition:
        return ()
    return ((f"spec.{place}.partition", f"copies numbered below {partition} keep the old template: not carried over"),)


def _amount(at: At | None, key: str, default: str) -> str:
    found = None if at is None else at.get(key)
    return default if found is None else count_text(found)


def count_text(at: At) -> str:
    """A whole number, which is no text, or a percentage, as text."""
    value = at.value
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise at.fault("must be a whole number or a percentage")
    text = str(value)
    digits = text.removesuffix("%")
    is_number = whole_in(digits) is not None
    if isinstance(value, str) and digits == text and is_number:
        raise at.fault("must be a whole number or a percentage: without a per cent sign it is no text in quotes")
    if not is_number:
        raise at.fault("must be a whole number or a percentage")
    return text


def share_of(text: str, copies: int, *, up: bool) -> int:
    """A number, or a percentage of the copies, rounded up (budgets, surge) or down (what a roll-out takes away).

    >>> share_of("50%", 3, up=True), share_of("25%", 3, up=False), share_of("2", 9, up=True)
    (2, 0, 2)
    """
    if not text.endswith("%"):
        return int(text)
    parts = int(text[:-1]) * copies
    return -(-parts // 100) if up else parts // 100

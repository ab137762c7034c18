"""Spread inside of a batch: whether skew and number of zones hold at each of its moments, in whatever order it goes.

Counted are the copies that serve: ready, and not draining. A new copy and an old one that goes in the same batch and
zone count as one, as a copy of the component serves there throughout. So in a batch that takes zone z from b_z copies
to e_z, a zone that gains goes from b_z to e_z while copies get ready, and one that loses goes from b_z to e_z while
copies drain. Copies get ready in any order, and drain in any order once all are ready.

Let h_z = max(b_z, e_z). All moments have between b and h copies in each zone, or between e and h. In two kinds of them
one zone alone is at h: with all others at b, when its copies were ready first, or with all others at e, when its
copies drain last. These are the worst:

- Skew between zones y and z is at most h_z - min(b_y, e_y), and each h_z - b_y and h_z - e_y is reached by one of them.
- Where copies stand in fewer zones than asked for, each has a zone of its own, or the begin and the end were wrong
  already. One copy more in a zone in use is wrong then. So are two in a zone of which none stood there, unless that
  zone is the last one asked for.

Where begin and end keep the rule, a batch in which at most one zone gains and at most one loses keeps it, too: as
h_z > b_z and b_y < e_y where h_z - b_y is more than both ends have. `min_zones` can break only where fewer copies than
that stand at one of the ends.
"""

from collections import Counter
from collections.abc import Collection


def skew_inside(before: Counter[int], after: Counter[int], eligible: Collection[int]) -> int:
    """The largest skew between two zones at any moment of a batch. O(zones log zones).

    An eligible zone alone is the emptiest: one that is not may be left by one copy after the other.
    """
    highest = sorted(((max(before[z], after[z]), z) for z in {*eligible, *before, *after}), reverse=True)[:2]
    lowest = sorted((min(before[z], after[z]), z) for z in eligible)[:2]
    return max((most - least for most, z in highest for least, y in lowest if z != y), default=0)


def has_zones_inside(before: Counter[int], after: Counter[int], wanted: int) -> bool:
    """Whether copies stand in at least min(wanted, copies) zones at every moment of a batch. O(zones)."""
    peak = before | after  # the larger count of each zone
    return all(_from(end, peak, wanted) for end in (before, after))


def _from(end: Counter[int], peak: Counter[int], wanted: int) -> bool:
    """Whether that holds between one end of a batch and its peak."""
    used = len(+end)
    if used >= wanted:
        return True
    if used < end.total() or any(peak[z] > end[z] for z in +end):
        return False
    return used == wanted - 1 or max(peak.values(), default=0) <= 1

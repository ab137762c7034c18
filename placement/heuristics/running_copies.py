"""Copies that run now, as a plan under construction counts them: which stay, which are pinned, and moves so far."""

from collections.abc import Sequence

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Seat
from placement.compiled.running import Place


class RunningCopyCounts:
    """By (component, option, instance): copies on known accelerators, others, those that are pinned, those kept.

    `pinned`: copies that must stay; of them `pinned_seats` by instance on known accelerators.
    `kept`: (C,) copies that stand where they run today.
    `cost`: micro-dollars of the moves so far, `moved` their number.
    """

    def __init__(self, fleet: Fleet) -> None:
        """Nothing is placed. O(places)."""
        self._fleet = fleet
        self._known: dict[tuple[int, int, int], dict[tuple[int, ...], int]] = {}
        self._unknown: dict[tuple[int, int, int], int] = {}
        self.pinned: dict[tuple[int, int, int], int] = {}
        self._kept_here: dict[tuple[int, int, int], int] = {}
        self.pinned_seats: dict[tuple[int, Seat], int] = {}
        self.kept = [0] * len(fleet.components)
        self.cost = self.moved = 0
        self._moved = [0] * len(fleet.components)
        for place in fleet.places:
            key = (place.component, place.option, place.instance)
            if place.accelerators is None:
                self._unknown[key] = self._unknown.get(key, 0) + place.count
            else:
                self._known.setdefault(key, {})[place.accelerators] = place.count
            if place.pinned:
                self.pinned[key] = self.pinned.get(key, 0) + place.pinned
                if place.accelerators is not None:
                    seat = Seat(place.component, place.option, place.accelerators)
                    self.pinned_seats[place.instance, seat] = place.pinned

    def recount(self, seat: Seat, instance: int, here: Sequence[Seat], placed: int) -> None:
        """Note that copies like `seat` were placed on, or removed from, a machine: `here` are all copies on it now.

        `instance` is what runs there, -1 if nothing does; `placed` all copies of the component, wherever they stand.
        """
        c = seat.component
        key = (c, seat.option, instance)
        if self._runs(key):
            stays = self._stays(key, _alike(seat, here))
            self.kept[c] += stays - self._kept_here.get(key, 0)
            self._kept_here[key] = stays
        moved = max(0, min(self._fleet.running[c], placed) - self.kept[c])
        self.cost += self._fleet.components[c].move_cost * (moved - self._moved[c])
        self.moved += moved - self._moved[c]
        self._moved[c] = moved

    def _runs(self, key: tuple[int, int, int]) -> bool:
        return key in self._known or key in self._unknown

    def _stays(self, key: tuple[int, int, int], here: list[tuple[int, ...]]) -> int:
        """Kept copies of one key: known accelerators first, then the others by number."""
        exact = sum(min(n, here.count(ks)) for ks, n in self._known.get(key, {}).items())
        return exact + min(self._unknown.get(key, 0), len(here) - exact)

    def is_kept(self, seat: Seat, instance: int, here: Sequence[Seat]) -> bool:
        """Whether a copy that is kept is lost when `seat` leaves the machine of that instance, which holds `here`."""
        key = (seat.component, seat.option, instance)
        if not self._runs(key):
            return False
        others = _alike(seat, here)
        others.remove(seat.accelerators)
        return self._stays(key, others) < self._kept_here.get(key, 0)

    def moves_ahead(self, placed: Sequence[int]) -> int:
        """Moves of a plan with the required copies in which all that is kept now is kept. O(components)."""
        wanted = (max(c.required, n) for c, n in zip(self._fleet.components, placed, strict=True))
        return sum(max(0, min(r, n) - k) for r, n, k in zip(self._fleet.running, wanted, self.kept, strict=True))

    def known_count(self, place: Place, here: Sequence[Seat]) -> int:
        """Of the copies on a machine, those on accelerators that today's rows of the same copies there name."""
        known = self._known.get((place.component, place.option, place.instance), {})
        return sum(min(n, here.count(Seat(place.component, place.option, ks))) for ks, n in known.items())

    def may_leave(self, seat: Seat, instance: int, here: Sequence[Seat]) -> bool:
        """Whether no pin needs the copy on the machine of that instance, which holds `here`."""
        needed = self.pinned.get((seat.component, seat.option, instance))
        if needed is None:
            return True
        alike = [other for other in here if other[:2] == seat[:2]]
        return len(alike) > needed and alike.count(seat) > self.pinned_seats.get((instance, seat), 0)


def _alike(seat: Seat, here: Sequence[Seat]) -> list[tuple[int, ...]]:
    """Accelerators of the copies there of the same component and option."""
    return [other.accelerators for other in here if other[:2] == seat[:2]]

"""Spread constraints and anti-affinity as `spread` and `avoid` of a component; what they can't say is noted.

Kubernetes compares a domain with the emptiest one of all *eligible* domains, also one where no copy fits. Our rule
counts only zones where one does. So where some eligible domain can hold none, or there are fewer than `minDomains`, the
emptiest is 0 and a zone may have at most `maxSkew` copies: `max_per_zone`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from placement.integrations.kubernetes.neighbours import HOSTNAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.integrations.kubernetes.machines import NodeMachine
    from placement.integrations.kubernetes.neighbours import Apart, SpreadRule
    from placement.integrations.kubernetes.selectors import Selector
    from placement.integrations.kubernetes.standing import Candidates
    from placement.integrations.kubernetes.workloads import Workload
    from placement.integrations.notes import Notes


@dataclass
class Apartness:
    """Keys of a component that keep its copies, and those of others, apart."""

    spread: dict[str, int] = field(default_factory=dict)
    avoid: list[str] = field(default_factory=list)

    def at_most(self, key: str, most: int) -> None:
        """The stricter of two limits."""
        self.spread[key] = min(most, self.spread.get(key, most))


@dataclass(frozen=True)
class Spreader:
    """Translates the rules of all workloads of a cluster."""

    workloads: Sequence[Workload]
    machines: Sequence[NodeMachine]
    standing: Candidates
    zone_label: str
    notes: Notes

    def of(self, w: int) -> Apartness:
        """The keys of one component."""
        workload = self.workloads[w]
        found = Apartness()
        for rule in dict.fromkeys(rule for shape in workload.shapes for rule in shape.neighbours.spread):
            self._spread(w, rule, found)
        for apart in dict.fromkeys(rule for shape in workload.shapes for rule in shape.neighbours.apart):
            self._apart(w, apart, found)
        self._ports(w, found)
        for together in dict.fromkeys(rule for shape in workload.shapes for rule in shape.neighbours.together):
            self._together(workload, together)
        return found

    # --- topologySpreadConstraints

    def _spread(self, w: int, rule: SpreadRule, found: Apartness) -> None:
        workload = self.workloads[w]
        place = f"{workload.place} topologySpreadConstraints[{rule.key}]"
        if not any(rule.selector is not None and rule.selector.takes(labels) for labels in workload.labels()):
            self.notes.ignored(place, "its selector takes no pod of its own, so it limits none of them")
            return
        others = self._selected(rule.selector, workload.namespace, w)
        if others:
            told = ", ".join(row.name for row in others[:3])
            self.notes.ignored(place, f"it counts pods of other components too ({told}); only its own are counted here")
        if rule.key == HOSTNAME:
            self._spread_hosts(w, rule, found, place)
        elif rule.key == self.zone_label:
            self._spread_zones(w, rule, found)
        elif len(self._domains(w, rule)) > 1:
            self.notes.ignored(place, f"only zones ({self.zone_label}) and hosts are known; see --zone-label")

    def _domains(self, w: int, rule: SpreadRule) -> set[str]:
        """Domains that Kubernetes counts, whether a copy fits there or not."""
        found = set()
        for shape in self.workloads[w].shapes:
            for machine in self.machines:
                domain = machine.labels.get(rule.key)
                takes = not rule.counts_affinity or shape.rules.takes(machine.labels, machine.name)
                if domain is not None and takes and (not rule.counts_taints or shape.rules.tolerates(machine.taints)):
                    found.add(domain)
        return found

    def _may(self, w: int) -> list[NodeMachine]:
        """Machines where some copy may stand."""
        count = len(self.workloads[w].shapes)
        return [row for row in self.machines if any(self.standing.may(row.name, (w, s)) for s in range(count))]

    def _spread_zones(self, w: int, rule: SpreadRule, found: Apartness) -> None:
        domains = self._domains(w, rule)
        usable = {machine.zone for machine in self._may(w)}
        if domains - usable or len(domains) < rule.min_domains:
            found.at_most("max_per_zone", rule.max_skew)
        elif len(domains) > 1:
            found.at_most("max_skew", rule.max_skew)

    def _spread_hosts(self, w: int, rule: SpreadRule, found: Apartness, place: str) -> None:
        """At most `maxSkew` on a machine, as long as one is without: there is no skew over machines here."""
        workload = self.workloads[w]
        hosts = len(self._may(w))
        running = Counter(row.node for row, _ in workload.pods if row.node)
        most = max(running.values(), default=0)
        copies = len(workload.pods)
        if rule.min_domains > hosts:  # the emptiest counts 0
            found.at_most("max_per_instance", rule.max_skew)
        elif copies <= rule.max_skew * hosts and most <= rule.max_skew:
            found.at_most("max_per_instance", rule.max_skew)
            if rule.max_skew < copies:
                self.notes.assumed(
                    place, f"max_per_instance {rule.max_skew}: Kubernetes allows more once no node is empty"
                )
        else:
            limit = max(most, -(-copies // max(hosts, 1)))
            found.at_most("max_per_instance", limit)
            self.notes.assumed(place, f"max_per_instance {limit}, as now: skew over machines can't be said")

    # --- affinity between pods

    def _selected(self, selector: Selector | None, namespace: str, w: int) -> list[Workload]:
        """Other workloads of a namespace that a selector takes pods of."""
        if selector is None:
            return []
        return [
            other
            for o, other in enumerate(self.workloads)
            if o != w and other.namespace == namespace and any(selector.takes(labels) for labels in other.labels())
        ]

    def _takes(self, rule: Apart, workload: Workload) -> bool:
        return any(rule.takes(workload.namespace, labels) for labels in workload.labels())

    def _apart(self, w: int, rule: Apart, found: Apartness) -> None:
        workload = self.workloads[w]
        place = f"{workload.place} podAntiAffinity[{rule.key}]"
        others = [other.name for o, other in enumerate(self.workloads) if o != w and self._takes(rule, other)]
        own = self._takes(rule, workload)
        if rule.key == HOSTNAME:
            if own:
                found.at_most("max_per_instance", 1)
            found.avoid += [name for name in others if name not in found.avoid]
        elif rule.key == self.zone_label:
            if own:
                found.at_most("max_per_zone", 1)
            if others:
                self.notes.ignored(place, f"keeping apart by zone from {', '.join(others[:3])} can't be said")
        elif own or others:
            self.notes.ignored(place, f"only zones ({self.zone_label}) and hosts are known; see --zone-label")

    def _ports(self, w: int, found: Apartness) -> None:
        """Copies that take one port of their node are apart by host."""
        own = [shape.neighbours for shape in self.workloads[w].shapes if shape.neighbours.ports]
        if not own:
            return
        if any(one.clash(other) for one in own for other in own):
            found.at_most("max_per_instance", 1)
        for o, workload in enumerate(self.workloads):
            clash = any(one.clash(shape.neighbours) for one in own for shape in workload.shapes)
            if o != w and clash and workload.name not in found.avoid:
                found.avoid.append(workload.name)

    def _together(self, workload: Workload, rule: Apart) -> None:
        domains = {machine.labels.get(rule.key, machine.name) for machine in self.machines}
        if len(domains) > 1:
            self.notes.ignored(f"{workload.place} podAffinity[{rule.key}]", "that copies stand together can't be said")


def component_keys(found: Apartness) -> dict[str, Any]:
    """The keys of a component's row."""
    row: dict[str, Any] = {"spread": found.spread} if found.spread else {}
    return row | ({"avoid": found.avoid} if found.avoid else {})

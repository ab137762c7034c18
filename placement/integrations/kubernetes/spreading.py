"""Spread constraints and anti-affinity as `spread` and `avoid` of a component; what they can't say is noted.

Kubernetes compares a domain with the emptiest one of all *eligible* domains, also one where no copy fits. Our rule
counts only zones where one does. So where some eligible domain can hold none, or there are fewer than `minDomains`, the
emptiest is 0 and a zone may have at most `maxSkew` copies: `max_per_zone`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from placement.integrations.kubernetes.asks import Ask
from placement.integrations.kubernetes.machines import NodeMachine
from placement.integrations.kubernetes.naming import COMPONENT_LABEL, HOSTNAME
from placement.integrations.kubernetes.neighbours import Apart, SpreadRule
from placement.integrations.kubernetes.selectors import NodeRules
from placement.integrations.kubernetes.standing import Candidates, PortUse
from placement.integrations.notes import Notes

_MOST_PODS = 110  # of a node that does not say: the kubelet's own


@dataclass
class Apartness:
    """Keys of a component that keep its copies, and those of others, apart."""

    spread: dict[str, int] = field(default_factory=dict)
    avoid: dict[str, None] = field(default_factory=dict)  # names of others, in order
    dedicated: bool = False

    def at_most(self, key: str, most: int) -> None:
        """The stricter of two limits."""
        self.spread[key] = min(most, self.spread.get(key, most))

    def keys(self) -> dict[str, Any]:
        row = {"spread": self.spread, "avoid": list(self.avoid), "dedicated": self.dedicated}
        return {key: value for key, value in row.items() if value}


class Spreader:
    """Translates the rules of all workloads of a cluster."""

    def __init__(self, standing: Candidates, zone_label: str, notes: Notes) -> None:
        self.workloads, self.machines, self.standing = standing.workloads, standing.machines, standing
        self.zone_label, self.notes = zone_label, notes
        self._ports_of = PortUse(
            (w, shape.neighbours.ports) for w, workload in enumerate(self.workloads) for shape in workload.shapes
        )
        self._counted: dict[tuple[NodeRules, str, bool, bool], frozenset[str]] = {}

    def of(self, w: int) -> Apartness:
        workload = self.workloads[w]
        found = Apartness()
        for rule in dict.fromkeys(rule for shape in workload.shapes for rule in shape.neighbours.spread):
            self._spread(w, rule, found)
        for apart in dict.fromkeys(rule for shape in workload.shapes for rule in shape.neighbours.apart):
            self._apart(w, apart, found)
        self._ports(w, found)
        self._resources(w, found)
        for together in dict.fromkeys(rule for shape in workload.shapes for rule in shape.neighbours.together):
            self._together(w, together)
        return found

    # --- topologySpreadConstraints

    def _spread(self, w: int, rule: SpreadRule, found: Apartness) -> None:
        workload = self.workloads[w]
        place = f"{workload.place} topologySpreadConstraints[{rule.key}]"
        counted = self.standing.pods.taken(rule.selector, {workload.namespace})
        if w not in counted:
            self.notes.ignored(place, "its selector takes no pod of its own, so it limits none of them")
            return
        if len(counted) > 1:
            told = ", ".join(self._names(counted, w)[:3])
            self.notes.ignored(place, f"it counts pods of other components too ({told}); only its own are counted here")
        if rule.key == HOSTNAME:
            self._spread_hosts(w, rule, found, place)
        elif rule.key == self.zone_label:
            self._spread_zones(w, rule, found)
        elif not self._is_one_domain(w, rule):
            self.notes.ignored(place, f"only zones ({self.zone_label}) and hosts are known; see --zone-label")

    def _is_one_domain(self, w: int, rule: SpreadRule) -> bool:
        """Whether all nodes are in one domain, which is enough: then the rule limits nothing."""
        everywhere = all(rule.key in machine.labels for machine in self._may(w).values())
        return len(self._domains(w, rule)) == 1 and rule.min_domains <= 1 and everywhere

    def _domains(self, w: int, rule: SpreadRule) -> set[str]:
        """Domains that Kubernetes counts, whether a copy fits there or not."""
        found: set[str] = set()
        for rules in dict.fromkeys(shape.rules for shape in self.workloads[w].shapes):
            question = (rules, rule.key, rule.counts_affinity, rule.counts_taints)
            if question not in self._counted:
                self._counted[question] = frozenset(self._domains_of(*question))
            found |= self._counted[question]
        return found

    def _may(self, w: int) -> dict[str, NodeMachine]:
        """Machines where some copy may stand, by name."""
        shapes = range(len(self.workloads[w].shapes))
        return {row.name: row for s in shapes for row in self.standing.of((w, s))}

    def _domains_of(self, rules: NodeRules, key: str, counts_affinity: bool, counts_taints: bool) -> Iterator[str]:
        for machine in self.machines:
            domain = machine.labels.get(key)
            takes = not counts_affinity or rules.takes(machine.labels, machine.name)
            if domain is not None and takes and (not counts_taints or rules.tolerates(machine.taints)):
                yield domain

    def _spread_zones(self, w: int, rule: SpreadRule, found: Apartness) -> None:
        domains = self._domains(w, rule)
        usable = {machine.zone for machine in self._may(w).values()}
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
                told = f"max_per_instance {rule.max_skew}: Kubernetes allows more once no node is empty"
                self.notes.assumed(place, told)
        else:
            limit = max(most, -(-copies // max(hosts, 1)))
            found.at_most("max_per_instance", limit)
            self.notes.assumed(place, f"max_per_instance {limit}, as now: skew over machines can't be said")

    # --- affinity between pods

    def _names(self, members: Iterable[int], w: int) -> list[str]:
        """The names of workloads but for one."""
        return [self.workloads[o].name for o in members if o != w]

    def _apart(self, w: int, rule: Apart, found: Apartness) -> None:
        workload = self.workloads[w]
        place = f"{workload.place} podAntiAffinity[{rule.key}]"
        taken = self.standing.pods.taken(rule.selector, rule.namespaces)
        others, own = self._names(taken, w), w in taken
        if rule.key == HOSTNAME and _is_of_others(rule):
            found.dedicated = True
        elif rule.key == HOSTNAME:
            if own:
                found.at_most("max_per_instance", 1)
            found.avoid |= dict.fromkeys(others)
        elif rule.key == self.zone_label:
            if own:
                found.at_most("max_per_zone", 1)
            if others:
                self.notes.ignored(place, f"keeping apart by zone from {', '.join(others[:3])} can't be said")
        elif own or others:
            self.notes.ignored(place, f"only zones ({self.zone_label}) and hosts are known; see --zone-label")

    def _ports(self, w: int, found: Apartness) -> None:
        """Copies that take one port of their node are apart by host."""
        ports = dict.fromkeys(port for shape in self.workloads[w].shapes for port in shape.neighbours.ports)
        clashing = self._ports_of.clashing(ports)
        if w in clashing:
            found.at_most("max_per_instance", 1)
        found.avoid |= dict.fromkeys(self._names(clashing, w))

    def _resources(self, w: int, found: Apartness) -> None:
        """Of a resource that no copy is counted by, copies of one node ask for no more than the node with most has.

        Where accelerators, or the most pods of a node, let as many stand there at most, that is no rule of its own.
        """
        shapes, machines = self.workloads[w].shapes, self._may(w).values()
        asked = [dict(shape.other) for shape in shapes]
        anyway = max((_most_beside(shape.ask, row) for shape in shapes for row in machines), default=0)
        for name in sorted(set[str].intersection(*map(set, asked))):
            least = min(row[name] for row in asked)
            most = max((int(row.other.get(name, 0) / least) for row in machines), default=0) if least else 0
            if 0 < most < anyway:
                found.at_most("max_per_instance", most)

    def _together(self, w: int, rule: Apart) -> None:
        domains = {machine.labels.get(rule.key, machine.name) for machine in self.machines}
        if len(domains) > 1 or not self.standing.pods.taken(rule.selector, rule.namespaces):
            place = f"{self.workloads[w].place} podAffinity[{rule.key}]"
            self.notes.ignored(place, "that copies stand together can't be said")


def _most_beside(ask: Ask, machine: NodeMachine) -> int:
    """No more copies than this stand on a machine, by what a device plugin hands out and the most pods there."""
    pods, held = machine.pods or _MOST_PODS, machine.held
    if not ask.is_of_plugin or held.mixed is not None:
        return pods
    return min(pods, held.count * held.replicas // ask.count)


def _is_of_others(rule: Apart) -> bool:
    """Whether it is how an export says `dedicated`: about whatever carries another component's name."""
    asked = () if rule.selector is None else rule.selector.requirements
    return {(row.key, row.operator) for row in asked} == {(COMPONENT_LABEL, "Exists"), (COMPONENT_LABEL, "NotIn")}

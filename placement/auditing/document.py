"""The document `placement-audit/v1`: what is wrong with what runs, what it costs, and the first moves.

Money is in dollars, memory in GiB, vCPUs and shares as documents have them.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import TypeAdapter

from placement.report.changes import CopiesMoved

FORMAT: Literal["placement-audit/v1"] = "placement-audit/v1"


NOT_LOOKED = "no better plan was looked for: a time limit of 0 judges the rules alone"


@dataclass(frozen=True, slots=True)
class HeldCopies:
    """Equal copies that have part in a broken rule, and what each of them takes of what is short."""

    component: str
    option: int
    copies: int
    takes: float | None = None


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A broken rule of what runs.

    `where`, `message`: where it is broken, and a sentence with both figures.
    `instance`, `component`, `accelerator`: the same as names, where it is of one.
    `counted`, `allowed`, `excess`: the two figures in `unit`, and how far they are apart on the wrong side.
    `accelerators_known`: false where it is not known which accelerators copies of that machine have, and no way to deal
        them out was found; the figures are those of the way that leaves most room.
    """

    rule: str  # its name, as `placement verify` has it
    where: str
    message: str
    instance: str | None = None
    component: str | None = None
    accelerator: int | None = None
    counted: float | None = None
    allowed: float | None = None
    excess: float | None = None
    unit: str | None = None
    copies: tuple[HeldCopies, ...] = ()  # those that have part in it, where it is of one machine
    accelerators_known: bool = True


@dataclass(frozen=True, slots=True)
class BestFound:
    """The best plan that a search found, and what is proven of every plan. Costs are over the horizon, with moves.

    `left_out` are the optional copies that it leaves out, by priority `left_out_by_priority`, and `left_out_bound` how
    few can be left out at all: the cost is compared with plans that leave out no more. `opens` are the machines that it
    rents anew, by pool.
    """

    status: str
    solver: str
    seconds: float
    price_per_hour: float | None = None
    cost: float | None = None
    lower_bound: float | None = None
    bound_by: str | None = None
    moves: int | None = None
    machines: int | None = None
    opens: dict[str, int] = field(default_factory=dict)
    left_out: int = 0
    left_out_by_priority: dict[int, int] = field(default_factory=dict)
    left_out_bound: dict[int, int] = field(default_factory=dict)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MachineToGo:
    """A machine that runs now and that the best plan does without; `moves` of its copies move, the others stop."""

    instance: str
    pool: str
    instance_type: str
    zone: str
    price_per_hour: float
    state: str
    copies: int
    moves: int


@dataclass(frozen=True, slots=True)
class AuditStep:
    """Moves that can be made next, on their own: no rule is broken by them that was kept before.

    `saving_per_hour` is what the price falls by, below 0 where it rises; `mends` are the rules that it mends.
    """

    moves: tuple[CopiesMoved, ...]
    gives_back: tuple[str, ...]
    starts: tuple[str, ...]
    saving_per_hour: float
    price_per_hour: float
    mends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Attributes
    ----------
    ok : whether every rule is kept.
    copies, machines, price_per_hour : of what runs; on top of commitments.
    left_out, optional : wanted copies that do not run, and how many of those wanted a plan may leave out.
    broken : the broken rules.
    remarks : what could not be judged, and what the figures take for granted.
    best : the best plan found from here, and the proven bound.
    gap : how much of the cost of what runs could be saved at most, 0 to 1; null where rules are broken or fewer
        optional copies run than the best plan has, since the bound is on other plans, or where there is no bound.
    machines_that_could_go : those that the best plan does without.
    first_moves : steps towards the best plan in an order that can be carried out; `moves_left` are the moves after the
        last of them, which may need each other.
    """

    format: Literal["placement-audit/v1"] = field(default=FORMAT, kw_only=True)
    problem: str
    ok: bool
    copies: int
    machines: int
    left_out: int
    optional: int
    price_per_hour: float
    horizon_hours: float
    broken: tuple[BrokenRule, ...]
    remarks: tuple[str, ...]
    best: BestFound
    gap: float | None
    machines_that_could_go: tuple[MachineToGo, ...]
    first_moves: tuple[AuditStep, ...]
    moves_left: int

    def to_document(self) -> dict[str, Any]:
        """The document as plain dictionaries and lists; what is not known or does not apply is null."""
        return dict(TypeAdapter(type(self)).dump_python(self, mode="json"))

"""What no plan can beat, cheapest first: instant proofs of infeasibility, then bounds on the cost."""

from placement.bounds.infeasible import why_infeasible
from placement.bounds.instant import raise_instant_bounds
from placement.bounds.volume import volume_bound

__all__ = ["raise_instant_bounds", "volume_bound", "why_infeasible"]

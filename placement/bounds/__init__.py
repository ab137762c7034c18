"""What no plan can beat, cheapest first: instant proofs of infeasibility, then bounds on the cost."""

from placement.bounds.infeasible import why_infeasible
from placement.bounds.volume import RELAXES as VOLUME_RELAXES
from placement.bounds.volume import volume_bound

__all__ = ["VOLUME_RELAXES", "volume_bound", "why_infeasible"]

"""What differs between two plans, or between what runs and a plan: `placement diff`.

The order of rows never counts. Machines that do not run yet have names that a plan made up, so those are paired by what
they hold; a machine that runs is itself.
"""

from placement.drift.compare import diff
from placement.drift.document import PlanDifference

__all__ = ["PlanDifference", "diff"]

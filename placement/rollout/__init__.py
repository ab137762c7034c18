"""Rolling updates of one component: batches of new copies before old ones go, with the fewest extra machines."""

from placement.rollout.batch_size import BatchSize
from placement.rollout.planning import plan_rollout

__all__ = ["BatchSize", "plan_rollout"]

"""A policy as a KEDA ScaledObject (keda.sh/v1alpha1): plain data, with the query of the metric left to the caller.

KEDA makes a HorizontalPodAutoscaler of it, which scales between 1 and the maximum; from and to zero KEDA goes itself.
What differs from Application Auto Scaling: the autoscaler looks back over a window of stabilisation where that counts a
cooldown, and takes its desired number as the most within the window. Its tolerance of a tenth, a cluster's default, is
the margin below the target that Application Auto Scaling has.
"""

from typing import Any

from placement.demand.rows import DAYS, ScalingDefaults, ScheduledAction

_LONGEST_WINDOW = 3600  # seconds, that a HorizontalPodAutoscaler takes
_CRON_DAYS = {day: (k + 1) % 7 for k, day in enumerate(DAYS)}  # Sunday is 0


def to_keda(name: str, row: ScalingDefaults, target_value: float, query: str, server: str) -> dict[str, Any]:
    """The ScaledObject of a deployment `name`.

    `row`: the component's policy. `target_value`: its target, in the unit of its metric.
    `query`, `server`: of Prometheus: the metric summed over all copies, and the address.

    >>> from placement.demand.rows import ScalingDefaults
    >>> found = to_keda("chat", ScalingDefaults(max_capacity=4), 2.0, "sum(rate(requests[1m]))", "http://prometheus")
    >>> found["spec"]["minReplicaCount"], found["spec"]["maxReplicaCount"], found["spec"]["triggers"][0]["metadata"]
    (0, 4, {'serverAddress': 'http://prometheus', 'query': 'sum(rate(requests[1m]))', 'threshold': '2'})
    """
    wait = min(_LONGEST_WINDOW, max(row.scale_in_after, row.scale_in_cooldown))
    scale_down: dict[str, Any] = {"stabilizationWindowSeconds": wait}
    if row.disable_scale_in:
        scale_down = {"selectPolicy": "Disabled"}
    metadata = {"serverAddress": server, "query": query, "threshold": f"{target_value:.12g}"}
    triggers: list[dict[str, Any]] = [{"type": "prometheus", "metricType": "AverageValue", "metadata": metadata}]
    triggers += [trigger for action in row.schedule for trigger in _cron(action, row.schedule)]
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": name},
        "spec": {
            "scaleTargetRef": {"name": name},
            "minReplicaCount": row.min_capacity,
            "maxReplicaCount": row.max_capacity,
            "cooldownPeriod": max(row.scale_in_after, row.scale_in_cooldown),  # from one copy to none
            "advanced": {
                "horizontalPodAutoscalerConfig": {
                    "behavior": {"scaleUp": {"stabilizationWindowSeconds": 0}, "scaleDown": scale_down}
                }
            },
            "triggers": triggers,
        },
    }


def _cron(action: ScheduledAction, schedule: tuple[ScheduledAction, ...]) -> list[dict[str, Any]]:
    """A window for each day of an action that raises the minimum, up to the next action that has a minimum.

    KEDA has windows where Application Auto Scaling has actions; a maximum by the clock it does not have.
    """
    if not action.min_capacity:
        return []
    moments = sorted(
        {
            (DAYS.index(day), other.second_of_day)
            for other in schedule
            if other.min_capacity is not None
            for day in other.days
        }
    )
    found = []
    for day in action.days:
        start = (DAYS.index(day), action.second_of_day)
        end = next((moment for moment in moments if moment > start), moments[0])
        metadata = {
            "timezone": "UTC",
            "start": _at(*start),
            "end": _at(*end),
            "desiredReplicas": str(action.min_capacity),
        }
        found.append({"type": "cron", "metadata": metadata})
    return found


def _at(day: int, second: int) -> str:
    return f"{second // 60 % 60} {second // 3600} * * {_CRON_DAYS[DAYS[day]]}"

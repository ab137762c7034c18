"""What an answer is worth: its gaps, and what is wrong with it by its own check and by what is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement_bench.cases import Answer, BestKnown, CaseSet, Check

TOLERANCE = 1e-6  # relative; published values and values in dollars are not exact to the last bit


def judge(one: CaseSet, best: BestKnown | None, answer: Answer, check: Check) -> dict[str, Any]:
    """The fields of a row that tell what came out; its value is the recounted one."""
    sign = -1 if one.higher_is_better else 1
    value = answer.value if check.value is None else check.value
    faults = [*check.faults, *_contradictions(sign, best, answer.status, value, answer.bound)]
    faults += _of_certificate(sign, answer, value)
    known = None if best is None else best.value
    return {
        "status": answer.status,
        "value": value,
        "bound": answer.bound,
        "gap": gap(sign, value, answer.bound),
        "best_known": known,
        "best_known_proven": known is not None and best is not None and best.proven,
        "gap_to_best_known": excess(sign, value, known),
        "seconds": round(answer.seconds, 3),
        "verified_by": check.by,
        "faults": tuple(faults),
        "trace": answer.trace,
        "metrics": answer.metrics,
    }


def _of_certificate(sign: int, answer: Answer, value: float | None) -> Iterator[str]:
    """What is wrong with the certificate of an answer, where there is one."""
    if answer.metrics.get("certificate") == "refused":
        why = answer.metrics.get("certificate_refusal", "it proves less than it claims")
        yield f"the certificate is refused: {why}"
    if _beyond(sign, answer.metrics.get("certified_bound"), value):
        yield f"the certified bound {answer.metrics['certified_bound']} is beyond the value {value}"


def gap(sign: int, value: float | None, bound: float | None) -> float | None:
    """Distance of value and bound relative to the larger; `sign` is 1 when less is better, -1 when more is."""
    if value is None or bound is None:
        return None
    distance = max(0.0, sign * (value - bound))
    return distance / max(abs(value), abs(bound)) if distance else 0.0


def excess(sign: int, value: float | None, reference: float | None) -> float | None:
    """How much worse than a reference, relative to it: negative when better, None when it can't be told."""
    if value is None or reference is None:
        return None
    distance = sign * (value - reference)
    if distance == 0:
        return 0.0
    return distance / abs(reference) if reference else None


def _contradictions(
    sign: int, best: BestKnown | None, status: str, value: float | None, bound: float | None
) -> Iterator[str]:
    """Claims that can't be true together: of the answer alone, and beside what is published."""
    if _beyond(sign, bound, value):
        yield f"the bound {bound} is beyond the value {value}"
    if status == "optimal" and (value is None or bound is None or _beyond(sign, value, bound)):
        yield f"called optimal, with value {value} and bound {bound}"
    if best is None:
        return
    if best.value is not None and status == "infeasible":
        yield f"called infeasible, but {best.value} is known"
    if best.infeasible and best.proven and value is not None:
        yield "a solution is given of a case that is proven infeasible"
    if best.proven and _beyond(sign, best.value, value):
        yield f"the value {value} is better than the proven optimum {best.value}"
    if not best.proven and _beyond(sign, best.bound, value):
        yield f"the value {value} is better than the published bound {best.bound}"
    if _beyond(sign, bound, best.value):
        yield f"the bound {bound} is refuted by the best-known value {best.value}"


def _beyond(sign: int, one: float | None, other: float | None) -> bool:
    """Whether `one` is worse than `other` by more than the tolerance."""
    if one is None or other is None:
        return False
    return sign * (one - other) > TOLERANCE * max(abs(one), abs(other))

"""A run with a certificate: what of its bound a program can check that trusts no engine and none of the library's code.

The certificate is written by the library and checked by `placement.check_certificate`, which reads documents alone.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.solving.result import Result
    from placement_bench.cases import Document


def certificate_metrics(
    document: Document, result: Result, seconds: float, in_unit: Callable[[float | None], float | None]
) -> Document:
    """Figures of the certificate of a run.

    Parameters
    ----------
    document : the problem.
    result : of a solve that kept what a certificate needs.
    seconds : limit for writing it.
    in_unit : a bound in dollars in the set's unit.

    Returns
    -------
    `certified_bound` : what was checked without any engine (absent where that is that no plan exists);
    `certificate` : ``checked``, ``engine`` (some leaf rests on an engine's word), ``less`` (it claims less than the
    run) or ``refused`` (a fault), and how many leaves, bytes and seconds.
    """
    import placement
    from placement.check_certificate import NO_PLAN, Problem, Refused, check

    start = time.monotonic()
    written = placement.certify(result, time_limit=seconds)
    told: dict[str, Any] = {"certificate_seconds": round(time.monotonic() - start, 3)}
    text = json.dumps(written.document)
    start = time.monotonic()
    try:
        proofs = check(Problem(json.loads(json.dumps(document))), json.loads(text))
        weak = [line for proof in proofs for line in proof.weak]
        words = sum(len(proof.words) for proof in proofs)
        told["certificate_leaves"] = sum(proof.reasons.total() for proof in proofs)
        told["certificate_engine_leaves"] = words
        if proofs[0].checked != NO_PLAN:
            told["certified_bound"] = in_unit(float(proofs[0].checked) / 1e6)
        told["certificate"] = (
            "refused" if weak else "less" if not written.complete else "engine" if words else "checked"
        )
    except Refused as error:
        told["certificate"], told["certificate_refusal"] = "refused", str(error)
    return {**told, "certificate_bytes": len(text), "certificate_check_seconds": round(time.monotonic() - start, 3)}

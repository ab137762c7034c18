"""Profiles of Mélange and of AIBrix's GPU optimizer, a fork of it: a table of rates by sizes of requests.

AIBrix: `tputs[i][j]` is the most requests a second of `indexes[0][i]` output and `indexes[1][j]` input tokens that keep
the limits in `slos`; 0 where none does (`gpu_optimizer/optimizer/profiling/gen_profile.py`). Times are measured for
whole requests, so rows have a time to first token only where the profile's limits had one.

Mélange: `gpu_info` has the table of each GPU, without the sizes of its buckets, and `workload_distribution` the part of
requests in each. What one GPU serves of that mix is 1 / sum(part / rate): its buckets take turns.
"""

from placement.catalogue.readers.fields import At
from placement.profiles.profile import Found

AIBRIX = "tputs"
MELANGE = "gpu_info"


def read_aibrix(document: At, statistic: str) -> list[Found | str]:
    """A measurement for each size of request that keeps the profile's limits; how many keep none."""
    del statistic  # the profile was made for one percentile, which `slos` names
    sizes_of = [[size.whole() for size in row.items()] for row in document.key("indexes").items()]
    if len(sizes_of) != 2:
        raise document.key("indexes").fault("must be two lists: sizes of outputs, and of inputs")
    outputs, inputs = sizes_of
    table = _table(document.key(AIBRIX), len(outputs), len(inputs))
    first = document.get("ttft")
    times = None if first is None else _table(first, len(outputs), len(inputs))
    accelerator = document.get("gpu")
    remark = _limits(document)
    idle, sizes = sum(rate <= 0 for rates in table for rate in rates), len(outputs) * len(inputs)
    words = f"$.{AIBRIX}: {idle} of {sizes} sizes of requests, without a rate within the limits"
    unused = [words] if idle else []
    return unused + [
        Found(
            requests_per_second=rate,
            accelerator=_accelerator(accelerator),
            input_tokens=inputs[j],
            output_tokens=outputs[i],
            ttft_ms=None if times is None else 1000 * times[i][j],
            remark=remark,
        )
        for i, rates in enumerate(table)
        for j, rate in enumerate(rates)
        if rate > 0
    ]


def _accelerator(gpu: At | None) -> str:
    """AIBrix names deployments, not GPUs: a name that is an accelerator's is one, `llama2-7b-a100` none."""
    from placement.catalogue import find_accelerator

    return "" if gpu is None or find_accelerator(gpu.text()) is None else gpu.text()


def _limits(document: At) -> str:
    """The limits that the rates keep, in words."""
    slos = document.get("slos")
    if slos is None or not isinstance(slos.value, dict):
        return "AIBrix, limits unknown"
    parts = []
    for name, value in slos.value.items():
        at = slos.key(str(name)) if value is not None else None
        if at is not None and name != "percentile":
            parts.append(f"{name} {at.number():g} s" if name != "tput" else f"tput {at.number():g}")
    percentile = slos.get("percentile")
    which = "mean" if percentile is None or percentile.number() == 0 else f"p{percentile.number():g}"
    return f"AIBrix, {which}, limits {', '.join(parts) or 'none'}"


def read_melange(document: At, statistic: str) -> list[Found | str]:
    """What each GPU serves of the workload's mix."""
    del statistic
    parts = [[part.number() for part in row.items()] for row in document.key("workload_distribution").items()]
    total = sum(map(sum, parts))
    if not total:
        raise document.key("workload_distribution").fault("must have a part above 0")
    if len({len(row) for row in parts}) > 1:
        raise document.key("workload_distribution").fault("must have rows of one length")
    found: list[Found | str] = []
    gpus = document.key(MELANGE)
    for name, gpu in zip(gpus.mapping(), gpus.values(), strict=True):
        rates = _table(gpu.key("tputs"), len(parts), len(parts[0]) if parts else 0)
        pairs = [
            (part / total, rate)
            for row, table in zip(parts, rates, strict=True)
            for part, rate in zip(row, table, strict=True)
        ]
        if any(part > 0 and rate <= 0 for part, rate in pairs):
            found.append(f"{gpu.path}: it serves none of a size that the workload has")
            continue
        busy = sum(part / rate for part, rate in pairs if part > 0)
        found.append(Found(requests_per_second=1 / busy, accelerator=str(name), remark="Mélange, the workload's mix"))
    return found


def _table(at: At, rows: int, columns: int) -> list[list[float]]:
    table = [[cell.number() for cell in row.items()] for row in at.items()]
    if len(table) != rows or any(len(row) != columns for row in table):
        raise at.fault(f"must have {rows} rows of {columns} numbers")
    return table

"""``vllm bench serve --save-result``: one JSON document a run. It says nothing of accelerators.

Keys as `vllm/benchmarks/serve.py` of vLLM 0.19 writes them; with `--append-result` there is one document a line, and
`--metadata tensor_parallel_size=2` adds keys of the user's own.
"""

from placement.catalogue.readers.fields import At
from placement.profiles.profile import Found
from placement.profiles.readers.statistics import number, whole

KEY = "request_throughput"
_MEDIAN = {"p50": "median"}
_ALIKE = 0.01  # of a rate: one that was rounded by hand is not another


def read(document: At, statistic: str) -> list[Found | str]:
    """The run: requests a second, times, and tokens of a request on average."""
    completed = document.key("completed").whole()
    if completed == 0:
        raise document.key("completed").fault("must be above 0: no request was served")
    name = _MEDIAN.get(statistic, statistic)
    failed, outputs = _failed(document, completed), number(document, "total_output_tokens")
    return [
        Found(
            requests_per_second=_rate(document, completed),
            requests=completed + failed,
            failed=failed,
            model=_text(document, "model_id"),
            accelerators=document.optional(_count, "tensor_parallel_size"),
            engine=_engine(document),
            input_tokens=whole(document.key("total_input_tokens").number() / completed),
            output_tokens=None if outputs is None else whole(outputs / completed),
            ttft_ms=_time(document, name, "ttft"),
            tpot_ms=_time(document, name, "tpot"),
        )
    ]


def _rate(document: At, completed: int) -> float:
    """Requests a second, which are those that were served over the run's time."""
    rate, seconds = document.key(KEY), document.optional(At.number, "duration") or 0.0
    if seconds > 0 and abs(rate.number() * seconds / completed - 1) > _ALIKE:
        raise rate.fault(
            f"must be completed / duration, which is {completed:,} / {seconds:g} s = {completed / seconds:.4g}: "
            "give the file as the benchmark wrote it"
        )
    return rate.number()


def _failed(document: At, completed: int) -> int:
    """Requests that were not served; older versions count only how many were sent."""
    failed = document.optional(At.whole, "failed")
    if failed is not None:
        return failed
    return max(0, (document.optional(At.whole, "num_prompts") or 0) - completed)


def _engine(document: At) -> str:
    """The engine, where the benchmark was told; its default, an OpenAI-compatible server, may be any."""
    backend = _text(document, "backend", "endpoint_type")
    return backend if backend in ("vllm", "sglang", "tgi") else ""


def _time(document: At, statistic: str, what: str) -> float | None:
    """A time of a statistic; a percentile that was not asked for when the benchmark ran is an error, not the mean."""
    found = number(document, f"{statistic}_{what}_ms")
    if found is None and document.get(f"mean_{what}_ms") is not None:
        raise document.key(f"mean_{what}_ms").fault(
            f"stands alone: the run has no {statistic}; it has those of --metric-percentiles"
        )
    return found


def _count(degree: At) -> int:
    return int(degree.number_in_text()) if isinstance(degree.value, str) else degree.whole()


def _text(document: At, *names: str) -> str:
    found = document.first(*names)
    return "" if found is None else found.text()

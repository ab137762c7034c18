"""GuideLLM's report as JSON or YAML, version 2 of its format: one benchmark for each rate that it tried.

As `guidellm/benchmark/schemas` of GuideLLM 0.8 defines it. It says nothing of accelerators.
"""

from placement.catalogue.readers.fields import At
from placement.profiles.profile import Found
from placement.profiles.readers.statistics import number, whole

KEY = "benchmarks"
_VERSION = 2
_MODELS = (("config", "spec", "backend", "model"), ("config", "backend", "model"), ("args", "model"))


def read(document: At, statistic: str) -> list[Found | str]:
    """Every benchmark; one in which no request was served is no measurement."""
    version = document.get("metadata", "version")
    if version is not None and version.whole() != _VERSION:
        raise version.fault(f"must be {_VERSION}: another version of GuideLLM's format is not read here")
    model = _model(document)
    return [_benchmark(benchmark, model, statistic) for benchmark in document.key(KEY).items()]


def _model(document: At) -> str:
    for way in _MODELS:
        at: At | None = document
        for name in way:
            at = at.get(name) if at is not None and isinstance(at.value, dict) else None
        if at is not None and isinstance(at.value, str) and at.value:
            return at.text()
    return ""


def _benchmark(benchmark: At, model: str, statistic: str) -> Found | str:
    metrics = benchmark.key("metrics")
    rate = metrics.key("requests_per_second").optional(lambda served: served.key("mean").number(), "successful")
    if not rate:
        return f"{benchmark.path}: no request was served"
    count, failed = _requests(benchmark, metrics)
    return Found(
        requests_per_second=rate,
        requests=None if count is None else count + failed,
        failed=failed,
        model=model,
        input_tokens=whole(number(metrics.get("prompt_token_count", "successful"), "mean")),
        output_tokens=whole(number(metrics.get("output_token_count", "successful"), "mean")),
        ttft_ms=_statistic(metrics, statistic, "time_to_first_token_ms"),
        tpot_ms=_statistic(metrics, statistic, "inter_token_latency_ms", "time_per_output_token_ms"),
    )


def _requests(benchmark: At, metrics: At) -> tuple[int | None, int]:
    """Requests that were served, and that failed; those that the end of the benchmark cut off did neither."""
    totals = metrics.get("request_totals") or benchmark.get("request_totals")
    if totals is None:
        return None, 0
    return totals.optional(At.whole, "successful"), totals.optional(At.whole, "errored") or 0


def _statistic(metrics: At, statistic: str, *names: str) -> float | None:
    """Of the requests that were served, by the first of the metrics that there is."""
    distribution = next((at for name in names if (at := metrics.get(name, "successful")) is not None), None)
    if distribution is None:
        return None
    if statistic == "mean":
        return number(distribution, "mean")
    return distribution.key("percentiles").key(statistic).number()

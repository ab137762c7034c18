"""An llm-d Benchmark Report, version 0.2, JSON or YAML.

As its JSON Schema has it (`llm-d/llm-d-benchmark`, `br_v0_2_json_schema.json`). A report is of a whole stack: its rate
is divided by the engine's replicas. A stack with prefill and decode apart is no copy that could be placed as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.profiles.profile import Found
from placement.profiles.readers.statistics import milliseconds, number, whole

if TYPE_CHECKING:
    from placement.catalogue.readers.fields import At

KEY = "results"
_VERSION = "0.2"
_GIB = {"GiB": 1.0, "MiB": 1 / 1024, "GB": 1e9 / 2**30, "MB": 1e6 / 2**30}


def read(document: At, statistic: str) -> list[Found]:
    """The report's aggregate figures, of one replica."""
    version = document.get("version")
    if version is not None and not version.text().startswith(_VERSION):
        raise version.fault(f"must be {_VERSION}: another version of the report is not read here")
    aggregate = document.key(KEY).key("request_performance").key("aggregate")
    engine = _engine(document)
    replicas = 1 if engine is None else engine.key("replicas").whole()
    rate = aggregate.key("throughput").key("request_rate").key("mean").number()
    requests, latency = aggregate.get("requests"), aggregate.get("latency")
    return [
        Found(
            requests_per_second=rate / max(replicas, 1),
            model="" if engine is None else engine.key("model").key("name").text(),
            accelerator="" if engine is None else engine.key("accelerator").key("model").text(),
            accelerators=None if engine is None else _accelerators(engine, max(replicas, 1)),
            engine="" if engine is None else _tool(engine),
            version="" if engine is None else engine.key("tool_version").text(),
            input_tokens=whole(number(None if requests is None else requests.get("input_length"), "mean")),
            output_tokens=whole(number(None if requests is None else requests.get("output_length"), "mean")),
            ttft_ms=_time(latency, statistic, "time_to_first_token"),
            tpot_ms=_time(latency, statistic, "time_per_output_token", "inter_token_latency"),
            memory_gib=_memory(document),
        )
    ]


def _engine(document: At) -> At | None:
    """The one inference engine of the stack; None where the report does not describe its stack."""
    scenario = document.get("scenario")
    stack = None if scenario is None else scenario.get("stack")
    engines = []
    for component in [] if stack is None else list(stack.items()):
        standardized = component.key("standardized")
        if standardized.key("kind").value == "inference_engine":
            engines.append(standardized)
    for engine in engines:
        role = engine.get("role")
        if role is not None and role.text() != "replica":
            raise role.fault("must be replica: prefill and decode apart are no copy of one kind")
    if len(engines) > 1 and stack is not None:
        raise stack.fault("has several inference engines: a profile is of one")
    return engines[0] if engines else None


def _tool(engine: At) -> str:
    """The engine's name as it is used elsewhere: `vllm` of `vllm/vllm-openai`."""
    tool = engine.key("tool").text().lower()
    return next((name for name in ("vllm", "sglang", "tensorrt-llm", "trtllm", "tgi") if name in tool), tool)


def _accelerators(engine: At, replicas: int) -> int | None:
    """Accelerators of one replica: as its parallelism says, else its part of all that were used."""
    accelerator = engine.key("accelerator")
    parallelism = accelerator.get("parallelism")
    product = 1
    for name in ("tp", "pp", "dp"):
        degree = None if parallelism is None else parallelism.get(name)
        product *= max(1, degree.whole()) if degree is not None else 1
    count = accelerator.key("count").whole()
    if product > 1 or count in (product, product * replicas):
        return product
    return max(1, count // replicas) if count else None


def _time(latency: At | None, statistic: str, *names: str) -> float | None:
    """The first of the times that the report has."""
    if latency is None:
        return None
    found = next((entry for name in names if (entry := latency.get(name)) is not None), None)
    if found is None:
        return None
    value = found.key(statistic).number()
    return milliseconds(found, value)


def _memory(document: At) -> float | None:
    """The most memory of a GPU that was observed, where it was."""
    observability = document.key(KEY).get("observability")
    components = None if observability is None else observability.get("components")
    if components is None or not isinstance(components.value, list):
        return None
    peaks = []
    for component in components.items():
        usage = component.get("aggregate")
        usage = None if usage is None else usage.get("gpu_memory_usage")
        if usage is not None and usage.key("units").value in _GIB:
            peak = number(usage, "max", "mean")
            peaks.append((peak or 0.0) * _GIB[usage.key("units").text()])
    return max(peaks, default=None)

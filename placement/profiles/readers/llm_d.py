"""An llm-d Benchmark Report, version 0.2, JSON or YAML.

As its JSON Schema has it (`llm-d/llm-d-benchmark`, `br_v0_2_json_schema.json`). A report is of a whole stack: its rate
is divided by the engine's replicas. Where prefill and decode run apart, one copy is the least set of both that the
stack is a multiple of: of 2 and 6 replicas, 1 and 3.
"""

import math

from placement.catalogue.readers.fields import At
from placement.profiles.profile import Found
from placement.profiles.readers.statistics import milliseconds, number, whole

KEY = "results"
_VERSION = "0.2"
_GIB = {"GiB": 1.0, "MiB": 1 / 1024, "GB": 1e9 / 2**30, "MB": 1e6 / 2**30}


def read(document: At, statistic: str) -> list[Found | str]:
    """The report's aggregate figures, of one copy."""
    version = document.get("version")
    if version is not None and not version.text().startswith(_VERSION):
        raise version.fault(f"must be {_VERSION}: another version of the report is not read here")
    aggregate = document.key(KEY, "request_performance", "aggregate")
    engines = _engines(document)
    copies = math.gcd(*(_replicas(engine) for engine in engines)) if engines else 1
    rate = aggregate.key("throughput", "request_rate", "mean").number()
    engine = engines[0] if engines else None
    return [
        Found(
            requests_per_second=rate / copies,
            failed=aggregate.optional(At.whole, "requests", "failures") or 0,
            model="" if engine is None else engine.key("model", "name").text(),
            accelerator="" if engine is None else engine.key("accelerator", "model").text(),
            accelerators=_accelerators(engines, copies),
            engine="" if engine is None else _tool(engine),
            version="" if engine is None else engine.key("tool_version").text().rpartition(":")[2],
            input_tokens=whole(number(aggregate.get("requests", "input_length"), "mean")),
            output_tokens=whole(number(aggregate.get("requests", "output_length"), "mean")),
            ttft_ms=_time(aggregate, statistic, "time_to_first_token"),
            tpot_ms=_time(aggregate, statistic, "time_per_output_token", "inter_token_latency"),
            memory_gib=_memory(document),
            remark=", ".join([statistic, *_stack_words(engines)]),
        )
    ]


def _engines(document: At) -> list[At]:
    """The inference engines of the stack, of one model on one kind of accelerator; none where it is not described."""
    engines = []
    for component in document.rows("scenario", "stack"):
        standardized = component.key("standardized")
        if standardized.key("kind").value == "inference_engine":
            engines.append(standardized)
    for engine in engines[1:]:
        for part, name in (("model", "name"), ("accelerator", "model")):
            if engine.key(part, name).text() != engines[0].key(part, name).text():
                raise engine.key(part, name).fault("must be the same for all engines: a profile is of one copy")
    return engines


def _stack_words(engines: list[At]) -> list[str]:
    """What a reader of the row should know of the stack that was measured."""
    if not engines:
        return ["of a stack that is not described, taken for one copy"]
    return ["prefill and decode apart"] if len(engines) > 1 else []


def _replicas(engine: At) -> int:
    return max(1, engine.key("replicas").whole())


def _tool(engine: At) -> str:
    """The engine's name as it is used elsewhere: `vllm` of `vllm/vllm-openai`."""
    tool = engine.key("tool").text().lower()
    return next((name for name in ("vllm", "sglang", "tensorrt-llm", "trtllm", "tgi") if name in tool), tool)


def _accelerators(engines: list[At], copies: int) -> int | None:
    """Accelerators of one copy; None where the report does not count them."""
    counts = [_of_replica(engine) for engine in engines]
    if not counts or 0 in counts:
        return None
    return sum(count * _replicas(engine) // copies for count, engine in zip(counts, engines, strict=True))


def _of_replica(engine: At) -> int:
    """Accelerators of one replica: as its parallelism says, else as they are counted, 0 when they are not."""
    accelerator = engine.key("accelerator")
    degrees = (accelerator.optional(At.whole, "parallelism", name) for name in ("tp", "pp", "dp"))
    product = math.prod(degree or 1 for degree in degrees)
    return product if product > 1 else accelerator.key("count").whole()


def _time(aggregate: At, statistic: str, *names: str) -> float | None:
    """The first of the times that the report has."""
    found = next((entry for name in names if (entry := aggregate.get("latency", name)) is not None), None)
    return None if found is None else milliseconds(found.key("units"), found.key(statistic).number())


def _memory(document: At) -> float | None:
    """The most memory of a GPU that was observed, where it was."""
    components = document.key(KEY).get("observability", "components")
    if components is None or not isinstance(components.value, list):
        return None
    peaks = []
    for component in components.items():
        usage = component.get("aggregate", "gpu_memory_usage")
        units = None if usage is None else usage.key("units").value
        if usage is not None and isinstance(units, str) and units in _GIB:
            peaks.append((number(usage, "max", "mean") or 0.0) * _GIB[units])
    return max(peaks, default=None)

"""SageMaker's recommendation jobs, as the AWS command line prints them.

`describe-ai-recommendation-job`: of each recommendation the instance type, copies of an instance, and expected figures,
each a metric with a statistic, a value as text and a unit (botocore 1.44). Its rate is of all instances: it is divided
by instances and copies. `describe-inference-recommendations-job` (Inference Recommender) has the most invocations a
minute of an endpoint, and a latency of whole requests, which is no time to first token.
"""

from placement.catalogue import instance_type
from placement.catalogue.readers.fields import At
from placement.errors import UsageError
from placement.profiles.profile import Found
from placement.profiles.readers.statistics import milliseconds

RECOMMENDATIONS = "Recommendations"
INFERENCE = "InferenceRecommendations"
_FIRST = ("ttft", "timetofirsttoken")
_NEXT = ("itl", "tpot", "intertokenlatency", "timeperoutputtoken", "interchunklatency")
_RATES = ("requestthroughput", "requestspersecond", "rps", "requestrate", "throughput")
_MEANS = {"mean": ("mean", "average", "avg"), "p50": ("p50", "median")}


def read_recommendations(document: At, statistic: str) -> list[Found | str]:
    """Each recommendation; one without a rate of requests is no measurement."""
    model = document.optional(lambda source: source.key("S3Uri").text(), "ModelSource", "S3") or ""
    name = model.rstrip("/").rpartition("/")[2]
    return [_recommendation(each, name, statistic) for each in document.key(RECOMMENDATIONS).items()]


def _recommendation(recommendation: At, model: str, statistic: str) -> Found | str:
    deployment = recommendation.key("DeploymentConfiguration")
    copies = _count(deployment, "CopyCountPerInstance")
    accelerator, count = _accelerators(deployment.key("InstanceType"), copies)
    figures = list(recommendation.key("ExpectedPerformance").items())
    rate = _figure(figures, _RATES, statistic="mean", is_rate=True)
    if not rate:
        return f"{recommendation.path}: it has no rate of requests"
    return Found(
        requests_per_second=rate / copies / _count(deployment, "InstanceCount"),
        model=model,
        accelerator=accelerator,
        accelerators=count,
        ttft_ms=_figure(figures, _FIRST, statistic=statistic),
        tpot_ms=_figure(figures, _NEXT, statistic=statistic),
        remark=f"SageMaker, expected, {statistic}",
    )


def _figure(figures: list[At], names: tuple[str, ...], *, statistic: str, is_rate: bool = False) -> float | None:
    """The figure of one of the names: of the statistic where there is one, else the only one there is."""
    fitting = [figure for figure in figures if _plain(figure.key("Metric")).startswith(names)]
    if is_rate:
        units = ((figure, _plain(figure.key("Unit"))) for figure in fitting)
        fitting = [figure for figure, unit in units if "request" in unit or "rps" in unit]
    wanted = _MEANS.get(statistic, (statistic,))
    only = fitting[0] if len(fitting) == 1 else None
    chosen = next((figure for figure in fitting if _plain(figure.key("Stat")) in wanted), only)
    if chosen is None:
        return None
    value = chosen.key("Value").number_in_text()
    if is_rate:
        return value / 60 if "minute" in _plain(chosen.key("Unit")) else value
    return milliseconds(chosen.key("Unit"), value)


def read_inference(document: At, statistic: str) -> list[Found | str]:
    """Each recommendation of Inference Recommender that ran: one copy on all accelerators of an instance."""
    del statistic
    model = document.optional(At.text, "InputConfig", "ModelName") or ""
    found: list[Found | str] = []
    for recommendation in document.key(INFERENCE).items():
        endpoint, most = recommendation.key("EndpointConfiguration"), recommendation.get("Metrics", "MaxInvocations")
        if most is None or not most.number():
            found.append(f"{recommendation.path}: it has no most of invocations")
            continue
        accelerator, count = _accelerators(endpoint.key("InstanceType"), 1)
        instances = _count(endpoint, "InitialInstanceCount")
        found.append(
            Found(
                requests_per_second=most.number() / 60 / instances,
                model=model,
                accelerator=accelerator,
                accelerators=count,
                remark="SageMaker Inference Recommender, most invocations a minute / 60",
            )
        )
    return found


def _count(at: At, name: str) -> int:
    return at.optional(At.whole, name) or 1


def _accelerators(name: At, copies: int) -> tuple[str, int]:
    """What a copy gets of an instance: its accelerators, shared out among the copies."""
    try:
        facts = instance_type(name.text())
    except UsageError as error:
        raise name.fault(str(error)) from None
    return facts.accelerator, max(1, facts.accelerator_count // copies)


def _plain(at: At) -> str:
    return "".join(letter for letter in at.text().lower() if letter.isalnum())

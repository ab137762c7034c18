"""What SageMaker's API answered: live through boto3, or as the AWS command line printed it into files.

Files are told apart by what is in them, so their names are free. boto3 and the command line differ in how they write
times and in the key `ResponseMetadata`, which is not looked at.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from placement.catalogue.readers import ANSWERS_OF_AWS, command_of_facts, price_list_of
from placement.catalogue.readers.fields import At, FieldError, parse_json
from placement.demand.application_auto_scaling import NAMESPACE, RESOURCE, variant_resource
from placement.documents.formats import FORMATS
from placement.documents.read import read_text
from placement.errors import DocumentError, Fault, UsageError, printable
from placement.integrations.notes import Notes
from placement.integrations.sagemaker.client import open_client, told
from placement.integrations.sagemaker.fields import COMPONENT_LISTED, tell_fields
from placement.integrations.sagemaker.labels import DELETING

_PAGE = 100  # most that ListInferenceComponents gives at once
_TARGETS = 50  # most that DescribeScalableTargets gives at once
_LAST_SECOND = 1e12  # of any time that is one; a larger number of a damaged answer need not fit a float
MOST_FILES = 10_000
_OWN_MODEL = {
    "ModelName": "a variant has a model of its own, one copy a machine",
    "ServerlessConfig": "a variant is serverless, without machines",
}
_COMPONENTS = "components"  # the kind of page that lists them
_TOLD = 3  # files that are named which are none of the answers
_WANTED = (
    "name the folder of answers of the AWS command line, one in each .json file: those of aws sagemaker "
    "describe-endpoint, describe-endpoint-config, list-inference-components, describe-inference-component"
)
# A format in YAML, which is not read for this: on a line of its own.
_FORMAT_LINE = re.compile(r"^format:[ ]+[\"']?(placement[a-z-]*/v[0-9]{1,3})[\"']?[ ]*$", re.MULTILINE)
# The calls of the answers that are read, by a key that only they have.
_CALLS = {
    "InferenceComponents": "sagemaker list-inference-components",
    "InferenceComponentName": "sagemaker describe-inference-component",
    "EndpointStatus": "sagemaker describe-endpoint",
    "ProductionVariants": "sagemaker describe-endpoint-config",
    "ScalableTargets": "application-autoscaling describe-scalable-targets",
    "ScheduledActions": "application-autoscaling describe-scheduled-actions",
    "ScalingPolicies": "application-autoscaling describe-scaling-policies",
}


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """One answer of the API, and where it is from: a file, or a call."""

    source: str
    at: At

    @contextmanager
    def reading(self) -> Iterator[At]:
        """The answer, to be read field by field.

        Raises DocumentError: a field that is read inside is missing or damaged: with the answer's source and the
        field's path.
        """
        try:
            yield self.at
        except FieldError as error:
            raise DocumentError([error.fault], self.source) from None


@dataclass(frozen=True, slots=True)
class EndpointAnswers:
    """All that was answered about one endpoint; its components as they were made, the first one first.

    Where nothing tells which machine a copy is on, alike components stand in this order, as the platform took them.
    """

    endpoint: ApiAnswer
    config: ApiAnswer
    components: tuple[ApiAnswer, ...] = ()


class Page(NamedTuple):
    """A list that was saved: of what kind, of which endpoints where that is told, and whether another page follows."""

    source: str
    kind: str
    of: frozenset[str]
    goes_on: bool


def _page(answer: ApiAnswer, kind: str, of: Iterable[str] = ()) -> Page:
    return Page(answer.source, kind, frozenset(of), answer.at.get("NextToken") is not None)


@dataclass
class SavedAnswers:
    """Answers by kind, each under its name; and files that are for other readers."""

    endpoints: dict[str, ApiAnswer] = field(default_factory=dict)
    configs: dict[str, ApiAnswer] = field(default_factory=dict)
    components: dict[str, ApiAnswer] = field(default_factory=dict)
    listed: dict[str, str] = field(default_factory=dict)  # the endpoint of each component of a list
    pages: list[Page] = field(default_factory=list)  # of them and of what Application Auto Scaling says
    targets: list[ApiAnswer] = field(default_factory=list)
    scaling: list[ApiAnswer] = field(default_factory=list)  # scheduled actions and policies of autoscaling
    strays: dict[str, str] = field(default_factory=dict)  # files that are none of the answers: what they are
    facts: list[str] = field(default_factory=list)  # prices, quotas and such, for `placement.catalogue.readers`


def read_saved(directory: str | Path, notes: Notes) -> SavedAnswers:
    """Sort the JSON files of a folder by what is in them; a file that is none of the answers gets a note.

    Raises DocumentError: a file can't be read, is no JSON, or is two answers about one thing.
    Raises UsageError: there is no such folder, or no JSON in it.
    """
    folder = Path(directory)
    shown = printable(str(directory))
    if folder.is_file():
        source, text = read_text(folder)
        raise DocumentError([Fault("$", f"is a file, {_what_it_is(text)}; {_WANTED}")], source)
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".json" and path.is_file())
    except (OSError, ValueError) as error:
        raise UsageError(f"{shown}: can't be read: {getattr(error, 'strerror', None) or error}") from None
    if not files or len(files) > MOST_FILES:
        raise UsageError(f"{shown}: holds {len(files)} files that end in .json; 1 to {MOST_FILES} are read")
    saved = SavedAnswers()
    for path in files:
        source, text = read_text(path)
        answer = ApiAnswer(source, parse_json(text, source))
        with answer.reading():
            _sort(answer, saved, notes)
    return saved


def _sort(answer: ApiAnswer, saved: SavedAnswers, notes: Notes) -> None:
    """Put an answer under its kind, by the keys that only this kind has."""
    at = answer.at
    keys = set(at.value) if isinstance(at.value, dict) else set()
    if "InferenceComponents" in keys:
        endpoints = set()
        for row in at.key("InferenceComponents").items():
            endpoint = row.get("EndpointName")
            name = row.key("InferenceComponentName").text()
            tell_fields(row, COMPONENT_LISTED, f"inference component {name}", notes)
            saved.listed[name] = endpoint.text() if endpoint else ""
            endpoints.add(saved.listed[name])
        saved.pages.append(_page(answer, _COMPONENTS, endpoints))
    elif "InferenceComponentName" in keys:
        _keep(saved.components, at.key("InferenceComponentName").text(), answer)
    elif "EndpointStatus" in keys:
        _keep(saved.endpoints, at.key("EndpointName").text(), answer)
    elif "ProductionVariants" in keys and "EndpointConfigName" in keys:
        _keep(saved.configs, at.key("EndpointConfigName").text(), answer)
    elif "ScalableTargets" in keys:
        saved.targets.append(answer)
        saved.pages.append(_page(answer, "ranges"))
    elif keys & {"ScheduledActions", "ScalingPolicies"}:
        saved.scaling.append(answer)
        saved.pages += [_page(answer, key) for key in ("ScheduledActions", "ScalingPolicies") if key in keys]
    elif keys & ANSWERS_OF_AWS:
        saved.facts.append(answer.source)
    else:
        saved.strays[answer.source] = _stray(at.value)
        notes.ignored(answer.source, f"it is {saved.strays[answer.source]}, none of the answers that are read")


def _keep(rows: dict[str, ApiAnswer], name: str, answer: ApiAnswer) -> None:
    if name in rows:
        fault = Fault("$", f"is a second answer about {printable(name)}; the first is in {rows[name].source}")
        raise DocumentError([fault], answer.source)
    rows[name] = answer


def of_endpoints(saved: SavedAnswers, names: Iterable[str], notes: Notes) -> tuple[EndpointAnswers, ...]:
    """The answers of the endpoints that are named; of all with inference components, where none is.

    Notes tell which components may be missing.
    Raises DocumentError or UsageError: an answer that is needed is not there: with the command that gives it.
    """
    wanted = tuple(dict.fromkeys(names)) or tuple(saved.endpoints)
    if not wanted:
        others = [f"; {printable(source)} is {what}" for source, what in islice(saved.strays.items(), _TOLD)]
        call = "aws sagemaker describe-endpoint --endpoint-name NAME"
        raise UsageError(f"no file is an answer of: {call}{''.join(others)}")
    found = tuple(_of_one(saved, name) for name in wanted)
    if not tuple(names):
        found = _hosting_components(found, notes) or found
    _tell_gaps(saved, notes)
    return found


def _hosting_components(found: Iterable[EndpointAnswers], notes: Notes) -> tuple[EndpointAnswers, ...]:
    """Those that stay, whose variants have no model of their own and are not serverless; a note on each other one."""
    kept = []
    for answers in found:
        with answers.config.reading() as at:
            variants = at.rows("ProductionVariants")
            own = {key for key in _OWN_MODEL if any(row.get(key) is not None for row in variants)}
        with answers.endpoint.reading() as at:
            place, leaves = f"endpoint {at.key('EndpointName').text()}", at.key("EndpointStatus").text() == DELETING
        if own:
            notes.ignored(place, f"{_OWN_MODEL[min(own)]}: only endpoints of inference components are read")
        elif leaves:
            notes.ignored(place, f"it is {DELETING}: its machines and copies will be gone")
        else:
            kept.append(answers)
    return tuple(kept)


def _tell_gaps(saved: SavedAnswers, notes: Notes) -> None:
    """Components of endpoints that were not given, lists that are cut, and endpoints of which there is no list."""
    of = dict(saved.listed)
    for name, answer in saved.components.items():
        with answer.reading() as at:
            own = at.key("EndpointName").text()
        if of.get(name, "") not in ("", own):
            notes.assumed(f"inference component {name} EndpointName", f"a list says {of[name]}, its own answer {own}")
        of[name] = own
    for name, endpoint in of.items():
        if endpoint and endpoint not in saved.endpoints:
            notes.ignored(f"inference component {name}", f"its endpoint {endpoint} was not given")
    for page in saved.pages:
        last = [other.of for other in saved.pages if other.kind == page.kind and not other.goes_on]
        if page.goes_on and not any(page.of <= of for of in last):
            reason = f"the list goes on (NextToken): {page.kind} that it does not name may be missing"
            notes.ignored(page.source, f"{reason}; give its last page too")
    if all(page.kind != _COMPONENTS for page in saved.pages):
        notes.assumed(
            "inference components",
            "no answer of list-inference-components was given: those whose answers are there are taken for all",
        )


def _of_one(saved: SavedAnswers, name: str) -> EndpointAnswers:
    endpoint = saved.endpoints.get(name) or _missing("describe-endpoint --endpoint-name", name)
    with endpoint.reading() as at:
        config_name = at.key("EndpointConfigName").text()
    config = saved.configs.get(config_name) or _missing("describe-endpoint-config --endpoint-config-name", config_name)
    components = []
    for answer in saved.components.values():
        with answer.reading() as at:
            if at.key("EndpointName").text() == name:
                components.append(answer)
    for component, of in saved.listed.items():
        if of == name and component not in saved.components:
            _missing("describe-inference-component --inference-component-name", component)
    # By when they were made, then by name, so that names of files make no difference.
    components.sort(key=lambda answer: (_created(answer), answer.at.value["InferenceComponentName"]))
    return EndpointAnswers(endpoint, config, tuple(components))


def _created(answer: ApiAnswer) -> float:
    """When a component was made, in seconds: the command line prints a date, or a number; 0 where it is neither."""
    told = answer.at.value.get("CreationTime")
    if isinstance(told, str):
        try:
            return datetime.fromisoformat(told).timestamp()
        except (ValueError, OverflowError, OSError):
            return 0.0
    return float(told) if isinstance(told, int | float) and abs(told) < _LAST_SECOND else 0.0


def _missing(command: str, name: str) -> ApiAnswer:
    raise UsageError(f"no file is an answer of: aws sagemaker {command} {printable(name)}")


def read_live(names: Iterable[str], region: str = "", endpoint_url: str = "") -> tuple[EndpointAnswers, ...]:
    """Ask the API about endpoints: four calls that read, one more for each component and each further page.

    Raises UsageError: boto3 is not installed, or a call is refused.
    """
    client = open_client("sagemaker", region, endpoint_url)
    return tuple(_ask(client, name) for name in dict.fromkeys(names))


def read_live_scaling(
    answers: Iterable[EndpointAnswers], notes: Notes, region: str = "", endpoint_url: str = ""
) -> tuple[list[ApiAnswer], list[ApiAnswer]]:
    """What Application Auto Scaling says of the components and variants of endpoints; a note where it is refused.

    First ranges, then scheduled actions and policies. The latter are asked for of the whole region, page by page: by
    resource, each would be a call of its own.
    """
    resources = _scalable(answers)
    own = set(resources)
    targets: list[ApiAnswer] = []
    scaling: list[ApiAnswer] = []
    with _unless_refused("what is scaled", notes):
        client = open_client("application-autoscaling", region, endpoint_url)
        parts = [resources[start : start + _TARGETS] for start in range(0, len(resources), _TARGETS)]
        asked = [{"ServiceNamespace": NAMESPACE, "ResourceIds": part} for part in parts]
        targets = [page for each in asked for page in _pages(client, "describe_scalable_targets", **each)]
    for key, method, what in (
        ("ScheduledActions", "describe_scheduled_actions", "what changes ranges by the clock"),
        ("ScalingPolicies", "describe_scaling_policies", "by what copies are scaled"),
    ):
        with _unless_refused(what, notes):
            client = open_client("application-autoscaling", region, endpoint_url)
            for page in _pages(client, method, ServiceNamespace=NAMESPACE):
                with page.reading() as at:
                    rows = [row.value for row in at.key(key).items() if row.key("ResourceId").text() in own]
                scaling.append(ApiAnswer(page.source, At({key: rows})))
    return targets, scaling


@contextmanager
def _unless_refused(what: str, notes: Notes) -> Iterator[None]:
    try:
        yield
    except UsageError as error:
        notes.assumed("autoscaling", f"{error}; {what} is not known")


def _scalable(answers: Iterable[EndpointAnswers]) -> list[str]:
    """What Application Auto Scaling calls the variants and components of endpoints."""
    resources: list[str] = []
    for each in answers:
        with each.config.reading() as config, each.endpoint.reading() as endpoint:
            name, rows = endpoint.key("EndpointName").text(), config.key("ProductionVariants").items()
            resources += [variant_resource(name, row.key("VariantName").text()) for row in rows]
        for component in each.components:
            with component.reading() as at:
                resources.append(RESOURCE + at.key("InferenceComponentName").text())
    return resources


def _pages(client: Any, method: str, **asked: Any) -> Iterator[ApiAnswer]:
    token: dict[str, str] = {}
    while True:
        page = _call(client, method, **asked, **token)
        yield page
        with page.reading() as at:
            more = at.get("NextToken")
            if more is None:
                return
            token = {"NextToken": more.text()}


def _ask(client: Any, name: str) -> EndpointAnswers:
    endpoint = _call(client, "describe_endpoint", EndpointName=name)
    with endpoint.reading() as at:
        config_name = at.key("EndpointConfigName").text()
    config = _call(client, "describe_endpoint_config", EndpointConfigName=config_name)
    components: list[str] = []
    asked = {"EndpointNameEquals": name, "MaxResults": _PAGE, "SortBy": "CreationTime", "SortOrder": "Ascending"}
    for page in _pages(client, "list_inference_components", **asked):
        with page.reading() as at:
            components += [row.key("InferenceComponentName").text() for row in at.key("InferenceComponents").items()]
    described = [_call(client, "describe_inference_component", InferenceComponentName=each) for each in components]
    return EndpointAnswers(endpoint, config, tuple(described))


def _call(client: Any, method: str, **arguments: Any) -> ApiAnswer:
    call = "".join(word.title() for word in method.split("_"))
    about = next(iter(arguments.values()))
    with told(f"{call} {printable(str(about))}"):
        response = dict(getattr(client, method)(**arguments))
    response.pop("ResponseMetadata", None)
    return ApiAnswer(f"{call} {about}", At(response))


def _what_it_is(text: str) -> str:
    """What a text of a file is, as a noun with its article.

    >>> _what_it_is('{"format": "placement-plan/v1"}'), _what_it_is("component,time,rate"), _what_it_is("[]")
    ('a plan (placement-plan/v1)', 'no JSON', 'a list')
    """
    try:
        return _stray(parse_json(text, "").value)
    except DocumentError:
        told = _FORMAT_LINE.search(text)
        return _of_format(told[1]) if told else price_list_of(text) or "no JSON"


def _stray(value: Any) -> str:
    """As `_what_it_is`, of a JSON value."""
    if not isinstance(value, dict):
        return "a list" if isinstance(value, list) else "one value"
    if isinstance(value.get("format"), str):
        return _of_format(value["format"])
    call = next((f"aws {call}" for key, call in _CALLS.items() if key in value), command_of_facts(value))
    return f"an answer of {call}" if call else "JSON of another kind"


def _of_format(name: str) -> str:
    return f"{FORMATS.get(name, 'a document')} ({printable(name)})"

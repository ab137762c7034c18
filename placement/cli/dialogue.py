"""The questions of `placement init` at a terminal: arrow keys, lists to tick, and a default for each.

Only what was not given as an option is asked. An answer that can't be used is told in full, and asked for again. Ctrl-C
ends it all with nothing written.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import questionary
from prompt_toolkit.history import InMemoryHistory

from placement.catalogue.facts import InstanceFacts
from placement.catalogue.market import Market
from placement.catalogue.names import nearest_names
from placement.catalogue.search import Filter, search
from placement.catalogue.tables import accelerators
from placement.cli.common_options import between_commas
from placement.cli.endings import tell
from placement.errors import PlacementError, UsageError, printable
from placement.quickstart import Answers, FitsNowhereError, ModelWish, draft, fitting, parse_model
from placement.quickstart.machines import provider_of_region
from placement.sizing.engines import starts_on
from placement.sizing.read import known_models
from placement.units import micro_dollars, money

T = TypeVar("T")
Errors = tuple[type[PlacementError], ...]
_PROVIDERS = {
    "aws": "EC2 or EKS (aws)",
    "sagemaker": "SageMaker endpoints (sagemaker)",
    "gcp": "Google Cloud (gcp)",
    "azure": "Azure (azure)",
}
_USUAL_REGION, _COPIES = "us-east-1", "2"
_USUAL_GPUS = ("L40S", "L4", "A10G")
_OPTIONS_ARE_GIVEN = "(An option stands behind `placement init`: Ctrl-C ends these questions.)"
_KINDS_OF_MODEL = "a public name, a folder or a config.json"


def ask(
    answers: Answers, market: Market, output: str, *, survive_given: bool, force: bool
) -> tuple[Answers, str, bool]:
    """The answers with what was missing, the file to write, and whether it may be written over.

    Raises KeyboardInterrupt: the person has had enough.
    Raises PlacementError: what was given as an option can't be used with the answers: no region offers any of it,
    models fit on none of the accelerators; or the file is not to be written over.
    """
    output, force = _target(output, force=force)
    if not market.nodes:
        answers = replace(answers, region=answers.region or _region(market))
        if not answers.instance_types:
            answers = replace(answers, provider=answers.provider or _provider(market, answers.region))
    is_given = bool(market.nodes or answers.instance_types or answers.gpus)
    if is_given:
        _check(answers, market)
    else:
        answers = _with_gpus(answers, market)
    if not answers.models:
        answers = _with_models(answers, market, may_tick=not is_given)
    if not answers.spot and _has_spot_prices(market, answers.region):
        answers = replace(answers, spot=_spot())
    if not survive_given:
        answers = _until(lambda: _surviving(market, answers), lambda told: _check(told, market))
    return answers, output, force


def _with_gpus(answers: Answers, market: Market) -> Answers:
    return _until(lambda: replace(answers, gpus=_gpus(market, answers)), lambda told: _check(told, market))


def _with_models(answers: Answers, market: Market, *, may_tick: bool) -> Answers:
    """With models; where one fits on none of the GPUs, a person who may tick others is asked, and loses no answer."""
    found: list[ModelWish] = []
    while True:
        check = fitting(answers, market)
        try:
            _ask_models(found, check, (FitsNowhereError,) if may_tick else ())
        except FitsNowhereError as error:
            _tell(error)
            if _answer(questionary.confirm("Tick other GPUs?", True, auto_enter=False)):
                answers = replace(_with_gpus(replace(answers, models=tuple(found)), market), models=())
        else:
            return replace(answers, models=tuple(found))


def _check(answers: Answers, market: Market) -> None:
    """Raise the error of a draft with these answers, as far as they are known."""
    if answers.models:
        draft(answers, market)
    else:
        fitting(answers, market)


def _answer(question: questionary.Question) -> Any:
    """The answer to a question; Ctrl-C is what it is anywhere else, and so is the end of what is typed, Ctrl-D."""
    try:
        return question.unsafe_ask()
    except EOFError:
        raise KeyboardInterrupt from None


def _until(put: Callable[[], T], check: Callable[[T], object], ends_at: Errors = ()) -> T:
    """The first answer that passes a check. What is wrong with another is told, and the question put again.

    `ends_at`: errors after which another question follows, and not the same one again: they are raised.
    The library has checks of its own: those say it in one line that ends where the terminal does.
    """
    while True:
        answer = put()
        try:
            check(answer)
        except ends_at:
            raise
        except PlacementError as error:
            _tell(error)
        else:
            return answer


def _tell(error: PlacementError) -> None:
    for line in str(error).splitlines():
        tell(line)
    if " --" in str(error):
        tell(_OPTIONS_ARE_GIVEN)


def _typed(prompt: str, check: Callable[[str], object], choices: list[str] | None = None, ends_at: Errors = ()) -> str:
    """Text that passes a check; tab completes it to one of some choices, arrow up has what was typed before."""
    typed = InMemoryHistory()

    def put() -> str:
        if choices is None:
            question = questionary.text(prompt, history=typed)
        else:
            question = questionary.autocomplete(prompt, choices, match_middle=True, history=typed)
        return str(_answer(question)).strip()

    return _until(put, check, ends_at)


def _target(output: str, *, force: bool) -> tuple[str, bool]:
    if force or not Path(output).exists():
        return output, force
    question = questionary.confirm(f"{printable(output)} is there already. Write over it?", False, auto_enter=False)
    if _answer(question):
        return output, True
    raise UsageError(f"{printable(output)} is left as it is; name another file: placement init FILE")


def _region(market: Market) -> str:
    known = sorted({region for name in market.types for region in market.regions(name)})
    default = _USUAL_REGION if _USUAL_REGION in known else known[0]

    def check(text: str) -> None:
        if text and text not in known:
            raise UsageError(f'no region "{printable(text)}" is in the catalogue; {nearest_names(text, known)}')

    return _typed(f"Region (enter: {default}; tab lists them):", check, known) or default


def _provider(market: Market, region: str) -> str:
    offering = [
        key
        for key in _PROVIDERS
        if any(facts.provider == key and region in market.regions(facts.name) for facts in market.types.values())
    ]
    if len(offering) < 2:
        return offering[0] if offering else provider_of_region(market, region)
    choices = [questionary.Choice(_PROVIDERS[key], key) for key in offering]
    return str(_answer(questionary.select("Machines of:", choices)))


def _gpus(market: Market, answers: Answers) -> tuple[str, ...]:
    """Accelerators to tick, each with the cheapest machine that has one."""
    cheapest: dict[str, str] = {}
    for facts, price in search(market, Filter(region=answers.region, provider=answers.provider)):
        if price is not None and _is_sized(facts, answers) and facts.accelerator not in cheapest:
            each = money(micro_dollars(price.per_hour / facts.accelerator_count))
            place = "" if price.region == answers.region else f", price of {price.region}"
            cheapest[facts.accelerator] = f"{facts.accelerator:<14} from {each} an hour each ({facts.name}{place})"
    if not cheapest:
        raise UsageError(f"nothing with a known price is offered by {answers.provider} in {printable(answers.region)}")
    usual = next((name for name in _USUAL_GPUS if name in cheapest), next(iter(cheapest)))
    ticked = set(answers.gpus).intersection(cheapest) or {usual}  # what was ticked before, where it is asked again
    choices = [questionary.Choice(text, name, checked=name in ticked) for name, text in sorted(cheapest.items())]
    question = questionary.checkbox(
        "GPUs:",
        choices,
        initial_choice=next(choice for choice in choices if choice.checked),
        instruction="(space ticks, enter goes on)",
        validate=lambda ticked: bool(ticked) or "tick at least one",
    )
    return tuple(_answer(question))


def _is_sized(facts: InstanceFacts, answers: Answers) -> bool:
    """Whether copies can be sized for a machine's accelerators, or may have been measured on them."""
    known = accelerators().get(facts.accelerator)
    is_known = known is not None and known.usable_gib is not None and starts_on(answers.engine, known)
    return facts.accelerator_share == 1 and (is_known or bool(answers.throughputs))


def _ask_models(found: list[ModelWish], check: Callable[[ModelWish], None], ends_at: Errors) -> None:
    """Models and copies beside those found, one after another, until there are no more; what can't be is told."""
    names = sorted(known_models())

    def check_model(text: str) -> None:
        if text:
            check(parse_model(text))
        elif not found:
            raise UsageError(f"a model is needed: {_KINDS_OF_MODEL}")

    while True:
        prompt = f"Model ({_KINDS_OF_MODEL}; tab lists):" if not found else "Another model (enter: no more):"
        text = _typed(prompt, check_model, names, ends_at)
        if not text:
            return
        wish = parse_model(text)
        has_amount = wish.copies is not None or wish.rate is not None  # phi-2=3, as on the command line
        found.append(wish if has_amount else _with_amount(text, _amount(text, check, ends_at)))


def _amount(model: str, check: Callable[[ModelWish], None], ends_at: Errors) -> str:
    """Copies, or a rate and what one copy serves of it, as `_with_amount` takes them."""
    prompt = f"Copies of {printable(model)} (enter: {_COPIES}), or a rate and what one copy serves of it, as 40/8:"

    def check_amount(text: str) -> None:
        try:
            wish = _with_amount(model, text or _COPIES)
        except UsageError:
            way_out = "a whole number of copies, or RATE/THROUGHPUT such as 40/8"
            raise UsageError(f'"{printable(text)}" is no amount: {way_out}') from None
        check(wish)

    return _typed(prompt, check_amount, ends_at=ends_at) or _COPIES


def _with_amount(model: str, amount: str) -> ModelWish:
    rate, slash, throughput = (part.strip() for part in amount.partition("/"))
    if slash:
        return parse_model(f"{model},rate={rate},throughput={throughput}")
    return parse_model(f"{model},copies={amount}")


def _has_spot_prices(market: Market, region: str) -> bool:
    """Whether a file tells spot prices of machines that could be rented in a region."""
    offers = [offer for found in market.findings for offer in found.offers if offer.capacity == "spot"]
    return not market.nodes and any(offer.price and offer.region == region for offer in offers)


def _spot() -> bool:
    question = questionary.confirm("Machines at spot prices too, beside those on demand?", False, auto_enter=False)
    return bool(_answer(question))


def _surviving(market: Market, answers: Answers) -> Answers:
    """With the zones that may be lost, and the zones there are where nothing tells them."""
    choices = [
        questionary.Choice("none", 0),
        questionary.Choice("one: every model runs on when any zone is lost", 1),
        questionary.Choice("two", 2),
    ]
    lost = int(_answer(questionary.select("Zones that may be lost:", choices, default=choices[1])))
    told: dict[str, Any] = {"survive_zones": lost}
    if lost and not answers.zones and not any(market.zones(name, answers.region) for name in market.types):
        text = _typed(f"Zones of {printable(answers.region)}, such as a,b,c:", lambda _: None)
        told["zones"] = between_commas(text)
    return replace(answers, **told)

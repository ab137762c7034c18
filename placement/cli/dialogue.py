"""The questions of `placement init` at a terminal: arrow keys, lists to tick, and a default for each.

Only what was not given as an option is asked. Ctrl-C ends it all with nothing written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import questionary

from placement.catalogue.names import nearest_names
from placement.catalogue.search import Filter, search
from placement.errors import PlacementError, UsageError, printable
from placement.quickstart import fitting, parse_model
from placement.quickstart.machines import provider_of_region
from placement.units import micro_dollars, money

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.catalogue.market import Market
    from placement.quickstart import Answers, ModelWish

_PROVIDERS = {
    "aws": "EC2 or EKS (aws)",
    "sagemaker": "SageMaker endpoints (sagemaker)",
    "gcp": "Google Cloud (gcp)",
    "azure": "Azure (azure)",
}
_USUAL_REGION, _COPIES = "us-east-1", "2"
_USUAL_GPUS = ("L40S", "L4", "A10G")


def ask(
    answers: Answers, market: Market, output: str, *, survive_given: bool, force: bool
) -> tuple[Answers, str, bool]:
    """The answers with what was missing, the file to write, and whether it may be written over.

    Raises
    ------
    KeyboardInterrupt
        The person has had enough.
    UsageError
        An answer can't be used: no region offers any of it, a model that was given fits on none of the accelerators, or
        the file is not to be written over.
    """
    output, force = _target(output, force=force)
    if not market.nodes:
        answers = replace(answers, region=answers.region or _region(market))
        if not answers.instance_types:
            answers = replace(answers, provider=answers.provider or _provider(market, answers.region))
            answers = replace(answers, gpus=answers.gpus or _gpus(market, answers))
    check = fitting(answers, market)
    for wish in answers.models:
        check(wish)
    if not answers.models:
        answers = replace(answers, models=_models(check))
    if not survive_given:
        answers = replace(answers, survive_zones=_survive())
    return answers, output, force


def _answer(question: questionary.Question) -> Any:
    """The answer to a question; Ctrl-C is what it is anywhere else, and so is the end of what is typed, Ctrl-D."""
    try:
        return question.unsafe_ask()
    except EOFError:
        raise KeyboardInterrupt from None


def _target(output: str, *, force: bool) -> tuple[str, bool]:
    from pathlib import Path

    if force or not Path(output).exists():
        return output, force
    if _answer(questionary.confirm(f"{printable(output)} is there already. Write over it?", default=False)):
        return output, True
    raise UsageError(f"{printable(output)} is left as it is; name another file: placement init FILE")


def _region(market: Market) -> str:
    known = sorted({region for name in market.types for region in market.regions(name)})
    default = _USUAL_REGION if _USUAL_REGION in known else known[0]
    # Nothing is written in advance: what is typed would be put behind it.
    check = _or_empty(lambda text: text in known or f"no region of the catalogue; {nearest_names(text, known)}")
    question = questionary.autocomplete(f"Region (enter: {default}):", known, validate=check)
    return str(_answer(question)).strip() or default


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
        if price is not None and facts.accelerator_share == 1 and facts.accelerator not in cheapest:
            each = money(micro_dollars(price.per_hour / facts.accelerator_count))
            cheapest[facts.accelerator] = f"{facts.accelerator:<14} from {each} an hour each ({facts.name})"
    if not cheapest:
        raise UsageError(f"nothing with a known price is offered by {answers.provider} in {printable(answers.region)}")
    usual = next((name for name in _USUAL_GPUS if name in cheapest), next(iter(cheapest)))
    choices = [questionary.Choice(text, name, checked=name == usual) for name, text in sorted(cheapest.items())]
    question = questionary.checkbox(
        "GPUs (space ticks, enter goes on):", choices, validate=lambda ticked: bool(ticked) or "tick at least one"
    )
    return tuple(_answer(question))


def _models(check: Callable[[ModelWish], None]) -> tuple[ModelWish, ...]:
    """Models and copies, one after another, until there are no more; one that fits nowhere is told at once."""
    from placement.sizing.known import known_models

    names = sorted(known_models())
    found: list[ModelWish] = []
    while True:
        prompt = "Model (a public name, a folder or a config.json):" if not found else "Another model (enter: no more):"
        valid = _or_empty(_is_model(check)) if found else _is_model(check)
        text = _answer(questionary.autocomplete(prompt, names, match_middle=True, validate=valid))
        if not text.strip():
            return tuple(found)
        prompt = f"Copies of {printable(text)}, or a rate and what one copy serves of it as 40/8 (enter: {_COPIES}):"
        amount = _answer(questionary.text(prompt, validate=_or_empty(_is_amount)))
        found.append(_with_amount(text, amount.strip() or _COPIES))


def _with_amount(model: str, amount: str) -> ModelWish:
    rate, slash, throughput = amount.partition("/")
    if slash:
        return parse_model(f"{model},rate={rate},throughput={throughput}")
    return parse_model(f"{model},copies={amount}")


def _or_empty(check: Callable[[str], bool | str]) -> Callable[[str], bool | str]:
    return lambda text: not text.strip() or check(text)


def _is_model(check: Callable[[ModelWish], None]) -> Callable[[str], bool | str]:
    def told(text: str) -> bool | str:
        if not text.strip():
            return "a public name, a folder or a config.json"
        try:
            check(parse_model(text))
        except PlacementError as error:
            return " ".join(str(error).split())
        return True

    return told


def _is_amount(text: str) -> bool | str:
    try:
        _with_amount("model", text)
    except UsageError:
        return "a whole number of copies, or RATE/THROUGHPUT such as 40/8"
    return True


def _survive() -> int:
    choices = [
        questionary.Choice("none", 0),
        questionary.Choice("one: every model runs on when any zone is lost", 1),
        questionary.Choice("two", 2),
    ]
    return int(_answer(questionary.select("Zones that may be lost:", choices, default=choices[1])))

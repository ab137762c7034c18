"""Options with throughput as YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.documents.yaml_rows import flow
from placement.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.profiles import Choice, Choices


def option_lines(choices: Choices) -> Iterator[str]:
    """YAML: `options:` of one model, or `components:` of several, each line with what it was measured with."""
    models = {model: chosen for model, chosen in choices.of_model.items() if chosen}
    if len(models) == 1:
        (chosen,) = models.values()
        yield "options:"
        yield from (f"  {line}" for line in map(_line, chosen))
        return
    yield "components:"
    for model, chosen in models.items():
        yield f"  - name: {flow(model)}"
        yield "    options:"
        yield from (f"      {line}" for line in map(_line, chosen))


def _line(choice: Choice) -> str:
    best = choice.profile
    facts = [" ".join(word for word in (best.engine, best.version) if word), best.precision]
    if best.input_tokens is not None and best.output_tokens is not None:
        facts.append(f"{best.input_tokens} + {best.output_tokens} tokens")
    facts += [f"first token {best.ttft_ms:.4g} ms"] if best.ttft_ms is not None else []
    facts += [f"each after it {best.tpot_ms:.4g} ms"] if best.tpot_ms is not None else []
    return f"- {flow(choice.to_option())}  # {'; '.join(printable(fact) for fact in [*facts, best.source] if fact)}"

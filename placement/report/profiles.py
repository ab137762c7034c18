"""Options with throughput as YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.documents.yaml_rows import flow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.profiles import Choices, Profile


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


def _line(best: Profile) -> str:
    return f"- {flow(best.to_option())}  # {best.words}"

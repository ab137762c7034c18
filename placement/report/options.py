"""Options of copies as YAML, each on a line with what it was measured or is started with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.documents.yaml_rows import flow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from placement.profiles import Choices, Profile
    from placement.sizing import Sizing


def sized_options(rows: Iterable[Sizing]) -> Iterator[str]:
    """`options:` with the engine's flags. A copy owns its accelerators, so each is an option that is not shared."""
    yield "options:"
    yield from (f"  - {flow(row.to_option())}  # {' '.join(row.flags)}" for row in rows)


def profiled_options(choices: Choices) -> Iterator[str]:
    """`options:` of one model, or `components:` of several, with what each was measured with."""
    models = {model: chosen for model, chosen in choices.of_model.items() if chosen}
    if len(models) == 1:
        (chosen,) = models.values()
        yield from _profiled(chosen)
        return
    yield "components:"
    for model, chosen in models.items():
        yield f"  - name: {flow(model)}"
        yield from (f"    {line}" for line in _profiled(chosen))


def _profiled(chosen: Iterable[Profile]) -> Iterator[str]:
    yield "options:"
    yield from (f"  - {flow(best.to_option())}  # {best.words}" for best in chosen)

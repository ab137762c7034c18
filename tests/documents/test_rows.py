"""Problems built in Python: of row classes, of dicts, and of both at once."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement.documents.rows import Row
from tests.documents.test_documents import FULL

if TYPE_CHECKING:
    from pydantic import BaseModel

Document = dict[str, Any]
IN_LISTS: dict[str, type[BaseModel]] = {
    "pools": placement.Pool,
    "limits": placement.Limit,
    "commitments": placement.Commitment,
    "components": placement.Component,
    "instances": placement.Instance,
    "placements": placement.Placement,
}
IN_TABLES: dict[str, type[BaseModel]] = {
    "accelerators": placement.Accelerator,
    "instance_types": placement.InstanceType,
}
ALONE: dict[str, type[BaseModel]] = {"objective": placement.Objective}
WITHIN: dict[str, type[BaseModel]] = {"reserved": placement.Reserved, "spread": placement.Spread}


def as_row(row: type[BaseModel], fields: Document) -> BaseModel:
    """The row of a dict, the rows inside it included."""
    inside: Document = {key: as_row(WITHIN[key], value) for key, value in fields.items() if key in WITHIN}
    if "options" in fields:
        inside["options"] = [as_row(placement.Option, option) for option in fields["options"]]
    return row(**{**fields, **inside})


def in_rows(document: Document, *, choose: itertools.cycle[bool]) -> Document:
    """The document with rows in place of those dicts that are chosen, in turn."""

    def made(row: type[BaseModel], fields: Document) -> BaseModel | Document:
        return as_row(row, fields) if next(choose) else fields

    return {
        **document,
        **{key: [made(row, fields) for fields in document[key]] for key, row in IN_LISTS.items()},
        **{key: {name: made(row, fields) for name, fields in document[key].items()} for key, row in IN_TABLES.items()},
        **{key: made(row, document[key]) for key, row in ALONE.items()},
    }


@pytest.mark.parametrize("choice", [(True,), (True, False), (False, False, True)])
def test_rows_and_dicts_make_the_same_problem(choice: tuple[bool, ...]) -> None:
    """Every key of the format: the same problem, and the same document, in which what was not given does not stand."""
    plain = placement.Problem(**FULL)
    problem = placement.Problem(**in_rows(FULL, choose=itertools.cycle(choice)))

    assert problem == plain
    assert problem.to_document() == plain.to_document()


def test_every_row_of_the_documents_is_a_public_name() -> None:
    """All that are named by a field of a problem, directly or inside another row."""
    rows: set[type[BaseModel]] = {
        *IN_LISTS.values(),
        *IN_TABLES.values(),
        *ALONE.values(),
        *WITHIN.values(),
        placement.Option,
    }

    assert {row.__name__ for row in rows} <= set(placement.__all__)
    of_documents = {row for row in Row.__subclasses__() if row.__module__.startswith("placement.documents.")}
    assert of_documents == {*rows, placement.Problem}


def test_rows_pass_through_a_solve() -> None:
    """As a program under a type checker writes them: with tuples for lists."""
    problem = placement.Problem(
        accelerators={"L40S": placement.Accelerator(memory_gib=48)},
        instance_types={
            "g6e": placement.InstanceType(
                accelerator="L40S", accelerator_count=1, vcpus=8, memory_gib=64, price_per_hour=2.24
            )
        },
        pools=[placement.Pool(name="a", instance_type="g6e", zone="a")],
        components=[
            placement.Component(
                name="chat",
                copies=3,
                options=(placement.Option(accelerator_memory_gib=20, shared=True, on=("L40S",)),),
                spread=placement.Spread(max_per_instance=2),
            )
        ],
    )
    result = placement.solve(problem)

    assert (result.status, result.cost) == (placement.Status.OPTIMAL, 4_480_000)


def test_a_row_tells_its_own_faults() -> None:
    """All of them, at once, before there is a problem: as those of a document, with the row's name."""
    with pytest.raises(placement.DocumentError) as error:
        placement.Component(name="chat", copies=-3, copys=1, spread={"max_skew": 0})  # type: ignore[call-arg,arg-type]

    assert str(error.value).splitlines() == [
        "Component at $.copies: must be at least 0, got -3",
        "Component at $.spread.max_skew: must be at least 1, got 0",
        'Component at $.copys: unknown key; did you mean "copies"?, got 1',
    ]


def test_faults_of_rows_inside_a_problem_have_its_paths() -> None:
    """A row changed without a check is checked again; faults between rows are told beside it."""
    sound = placement.Component(name="chat", copies=3, avoid=("cod",))
    document = {
        "instance_types": {},
        "pools": [placement.Pool(name="a", instance_type="g6", zone="z")],
        "components": [sound.model_copy(update={"copies": -2}), {"name": "code"}, sound.model_copy()],
    }
    with pytest.raises(placement.DocumentError) as error:
        placement.Problem(**document)

    assert str(error.value).splitlines()[:2] == [
        "problem at $.components[0].copies: must be at least 0, got -2",
        "problem at $.components[1]: give either `copies` or `demand`, and only one of them",
    ]
    assert 'problem at $.pools[0].instance_type: names no instance type of this problem; none is defined, got "g6"' in (
        str(error.value).splitlines()
    )


def test_a_row_of_another_kind_is_refused_by_name() -> None:
    """Rather than as something that is no mapping."""
    words = r"^problem at \$\.pools\[0\]: must be of class Pool, or a mapping of its keys, not of class Spread$"
    with pytest.raises(placement.DocumentError, match=words):
        placement.Problem(instance_types={}, pools=[placement.Spread()], components=[])


def test_rows_do_not_change() -> None:
    """As the documents they are in."""
    pool = placement.Pool(name="a", instance_type="g6", zone="z", labels={"team": "chat"})
    with pytest.raises(ValueError, match="frozen"):
        pool.zone = "b"
    with pytest.raises(TypeError, match="documents do not change"):
        pool.labels["team"] = "code"

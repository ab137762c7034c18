"""`catalogue:` in a problem: written out on reading, with overrides; problems without it mean what they meant."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import placement
from placement import Status
from placement.catalogue.market import reserved_vcpus
from placement.catalogue.rows import instance_row
from placement.catalogue.tables import instance_types
from placement.cli.schema import document_schema
from tests.cli.test_solve import run

if TYPE_CHECKING:
    from pathlib import Path

P5 = {"accelerator": "H100", "accelerator_count": 8, "vcpus": 192, "memory_gib": 2048, "price_per_hour": 63.296}


def problem(types: dict[str, Any], **more: Any) -> placement.Problem:
    """A problem that has these types and rents one of the first."""
    pools = [{"name": "a", "instance_type": next(iter(types)), "zone": "a"}]
    return placement.Problem(instance_types=types, pools=pools, **{"components": [], **more})


def test_a_reference_is_written_out() -> None:
    """Sizes, price and accelerator of the table, memory as the driver hands it out: a row like any other."""
    made = problem({"p5": {"catalogue": "ml.p5.48xlarge"}}).to_document()

    assert made["instance_types"] == {"p5": P5}
    assert made["accelerators"] == {"H100": {"memory_gib": 79.19}}
    assert problem({"p5": P5}, accelerators={"H100": {"memory_gib": 79.19}}).to_document() == made


def test_what_kubernetes_keeps_is_reserved() -> None:
    """Of EC2's machines, where it is known."""
    made = problem({"p5": {"catalogue": "p5.48xlarge"}})

    assert made.instance_types["p5"].reserved.memory_gib == pytest.approx(2048 - 1892.98)
    assert problem({"p5": {"catalogue": "p5.48xlarge", "reserved": {}}}).instance_types["p5"].reserved.memory_gib == 0


@pytest.mark.parametrize(
    ("vcpus", "kept"), [(0.5, 0.03), (1, 0.06), (2, 0.07), (3, 0.075), (4, 0.08), (48, 0.19), (192, 0.55)]
)
def test_the_kubelet_keeps_less_of_each_core_more(vcpus: float, kept: float) -> None:
    """6 % of the first, 1 % of the second, 0.5 % of the next two, 0.25 % of others; nothing where none is known."""
    facts = replace(instance_types()["g6e.xlarge"], vcpus=vcpus)

    assert reserved_vcpus(facts) == pytest.approx(kept)
    assert instance_row(facts, 1.0)["reserved"]["vcpus"] == pytest.approx(kept)
    assert reserved_vcpus(replace(facts, kubernetes_memory_gib=None)) == 0


def test_two_copies_of_half_the_vcpus_do_not_fit_beside_the_kubelet() -> None:
    """Two of 2 vCPUs on a g6e.xlarge, which has four: the second pod would wait for ever."""
    copies = {"name": "c", "copies": 2, "accelerators": 1, "accelerator_share": 0.5, "shared": True, "vcpus": 2}
    pools = [{"name": "p", "instance_type": "g6e", "zone": "z", "max_instances": 1}]
    row: dict[str, Any] = {"catalogue": "g6e.xlarge", "price_per_hour": 1}
    for more, status in ((row, Status.INFEASIBLE), (row | {"reserved": {}}, Status.OPTIMAL)):
        fleet = placement.Problem(instance_types={"g6e": more}, pools=pools, components=[copies])
        assert placement.solve(fleet).status is status


def test_other_keys_of_the_row_count_first() -> None:
    """Whichever they are; a null is as good as absent."""
    row = {"catalogue": "ml.p5.48xlarge", "price_per_hour": 60, "accelerator_count": 4, "vcpus": None}
    made = problem({"p5": row}).to_document()

    assert made["instance_types"]["p5"] == P5 | {"price_per_hour": 60, "accelerator_count": 4}


def test_a_price_makes_up_for_none_in_the_table() -> None:
    """Where only reserved capacity is sold, say."""
    made = problem({"p5e": {"catalogue": "p5e.48xlarge", "price_per_hour": 50}})

    assert made.instance_types["p5e"].price_per_hour == 50


def test_the_problems_own_accelerator_counts_first() -> None:
    """Its memory, or another name."""
    own = problem({"p5": {"catalogue": "ml.p5.48xlarge"}}, accelerators={"H100": {"memory_gib": 70}})
    renamed = problem(
        {"p5": {"catalogue": "ml.p5.48xlarge", "accelerator": "mine"}}, accelerators={"mine": {"memory_gib": 75}}
    )

    assert own.accelerators["H100"].memory_gib == 70
    assert list(renamed.accelerators) == ["mine"]


def test_machines_without_a_usable_figure_have_the_providers() -> None:
    """A slice, and a chip of which no log was found."""
    made = problem({"slice": {"catalogue": "g6f.large"}, "chip": {"catalogue": "inf2.xlarge"}}).to_document()

    assert made["accelerators"] == {"L4-1/8": {"memory_gib": 2.793945}, "Inferentia2": {"memory_gib": 32}}


def test_every_row_of_the_table_makes_a_valid_problem() -> None:
    """With a price of its own where the table has none."""
    from placement.catalogue import instance_types

    rows = {
        name: {"catalogue": name} | ({} if facts.price else {"price_per_hour": 1})
        for name, facts in instance_types().items()
    }

    assert len(problem(rows).instance_types) == len(rows)


def test_all_faults_are_told_at_once() -> None:
    """Of references and of the rest, each with its place; a row that can't be written out causes no others."""
    with pytest.raises(placement.DocumentError) as caught:
        problem(
            {
                "a": {"catalogue": "ml.p5.48xl"},
                "b": {"catalogue": "p5e.48xlarge"},
                "c": {"catalogue": 7},
                "d": {"catalogue": "ml.p5.48xlarge", "vcpus": -1},
                "e": {"catalog": "ml.p5.48xlarge"},
            }
        )

    told = [str(fault) for fault in caught.value.faults]
    assert told[0].startswith(
        '$.instance_types.a.catalogue: no instance type "ml.p5.48xl" is in the catalogue; did you mean "ml.p5.48xlarge"'
    )
    assert told[1] == "$.instance_types.b.catalogue: has no price of p5e.48xlarge; write price_per_hour beside it"
    assert told[2] == "$.instance_types.c.catalogue: must be the name of an instance type in the catalogue, got 7"
    assert "$.instance_types.d.vcpus: must be at least 0, got -1" in told
    assert '$.instance_types.e.catalog: unknown key; did you mean "catalogue"?, got "ml.p5.48xlarge"' in told
    assert not [line for line in told if line.startswith(("$.pools", "$.instance_types.a.v"))]


def test_convert_writes_it_out(tmp_path: Path) -> None:
    """A document that any reader of the format takes, those that know no catalogue included."""
    path = tmp_path / "fleet.yaml"
    path.write_text(
        "format: placement/v1\ninstance_types:\n  p5: {catalogue: ml.p5.48xlarge}\n"
        "pools: [{name: a, instance_type: p5, zone: a}]\ncomponents: []\n"
    )
    done = run("convert", path)

    assert done.exit_code == 0
    assert json.loads(done.stdout)["instance_types"] == {"p5": P5}


def test_the_schema_takes_either() -> None:
    """The sizes and the price, or a reference."""
    schema = document_schema("problem")["$defs"]["InstanceType"]

    assert schema["anyOf"] == [{"required": ["vcpus", "memory_gib", "price_per_hour"]}, {"required": ["catalogue"]}]
    assert schema["properties"]["catalogue"]["type"] == "string"


def test_a_problem_without_references_reads_no_table() -> None:
    """Reading stays as quick as it was."""
    import subprocess
    import sys

    code = (
        "import sys, placement\n"
        "row = {'vcpus': 1, 'memory_gib': 1, 'price_per_hour': 1}\n"
        "placement.Problem(instance_types={'c': row}, pools=[], components=[])\n"
        "print([name for name in sys.modules if name.startswith('placement.catalogue')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


@given(
    name=st.one_of(
        st.sampled_from(["ml.p5.48xlarge", "g6f.large", "p5e.48xlarge"]), st.text(max_size=4), st.integers()
    ),
    row=st.dictionaries(
        st.sampled_from(["accelerator", "accelerator_count", "vcpus", "memory_gib", "price_per_hour", "reserved", "x"]),
        st.one_of(st.none(), st.integers(-1, 9), st.floats(), st.text(max_size=3), st.just({"vcpus": 1})),
        max_size=3,
    ),
    accelerators=st.one_of(st.none(), st.just({"H100": {"memory_gib": 1}}), st.just([]), st.just({"H100": None})),
)
def test_any_row_is_read_or_told(name: object, row: dict[str, Any], accelerators: object) -> None:
    """A full row, or faults that each have a place."""
    try:
        made = problem({"t": {"catalogue": name, **row}}, accelerators=accelerators).to_document()
    except placement.DocumentError as error:
        made, faults = None, error.faults
    else:
        faults = ()
    assert all(fault.path.startswith("$") for fault in faults)
    if made is not None:
        assert "catalogue" not in made["instance_types"]["t"]
        assert placement.Problem(**made).to_document() == made

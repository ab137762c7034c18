"""A problem from a few answers: what it holds, and that it can be solved as it stands."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import placement
from placement.catalogue.facts import Findings, InstanceFacts, Node, Offer, Price, Quota
from placement.catalogue.market import Market
from placement.documents.yaml_text import parse_yaml
from placement.errors import DocumentError, UsageError, printable
from placement.profiles import Limits, Profile, choose
from placement.quickstart import Answers, ModelWish, draft, fitting, parse_model, parse_models, read_models
from placement.quickstart.answers import measured_of
from placement.quickstart.model_lists import COLUMNS
from placement.sizing import Launch, size

if TYPE_CHECKING:
    from pathlib import Path

    from placement.quickstart import Draft
    from placement.quickstart.answers import Measured

FIVE = (
    ModelWish("Llama-3.1-8B-Instruct", copies=4),
    ModelWish("Qwen2.5-7B-Instruct", copies=3),
    ModelWish("gemma-3-27b-it", copies=2),
    ModelWish("Mistral-Small-3.1-24B-Instruct-2503", copies=2),
    ModelWish("phi-2", copies=3),
)
MARKET = Market()


def answers(*models: ModelWish, **more: Any) -> Answers:
    """Answers for GPUs of one kind in one region, unless told otherwise."""
    return Answers(**{"models": models or FIVE, "region": "us-east-1", "gpus": ("L40S",), **more})


def measured(accelerator: str, accelerators: int, rate: float, **more: Any) -> Profile:
    """A measurement of one model, of which only what is given is known."""
    unknown: dict[str, Any] = dict.fromkeys(("input_tokens", "output_tokens", "ttft_ms", "tpot_ms", "memory_gib"))
    texts = {"engine": "vllm", "version": "", "precision": "", "source": "a.json, mean"}
    return Profile(
        model="meta-llama/llama-3.1-8b-instruct",
        accelerator=accelerator,
        accelerators=accelerators,
        requests_per_second=rate,
        **(unknown | texts | more),
    )


def measurements(*rows: Profile) -> dict[str, Measured]:
    """They as answers have them."""
    return {row.model: {(row.accelerator, row.accelerators): row for row in rows} for row in rows}


def test_five_models_solve_at_once_with_a_proof() -> None:
    """Whatever is drafted is a problem as it stands, and its text reads as the same problem."""
    made = draft(answers(gpus=("L40S", "L4"), survive_zones=1), MARKET)
    result = placement.solve(made.problem)

    assert placement.Problem(**parse_yaml(made.text)) == made.problem
    assert result.status is placement.Status.OPTIMAL
    assert placement.verify(made.problem, result.plan).ok


def test_each_gpu_is_an_option_with_its_engines_command() -> None:
    """The fewest GPUs of each kind on which a copy fits; and what is not possible is said."""
    made = draft(answers(FIVE[0], ModelWish("Llama-3.3-70B-Instruct"), gpus=("L4", "H100")), MARKET)
    small, large = made.problem.components

    assert [(option.on, option.accelerators) for option in small.modes] == [(("H100",), 1), (("L4",), 2)]
    assert [(option.on, option.accelerators) for option in large.modes] == [(("H100",), 4)]
    command = large.labels["serve.command.h100-tp4"]
    assert command.startswith("vllm serve meta-llama/Llama-3.3-70B-Instruct --tensor-parallel-size 4 ")
    assert [*small.labels] == ["serve.image", "serve.command.h100-tp1", "serve.command.l4-tp2"]
    assert "# not on L4: " in made.text


def test_of_equal_accelerators_the_cheapest_host_is_rented() -> None:
    """One type for each number of accelerators; EC2 unless SageMaker is asked for."""
    aws, hosting = (draft(answers(provider=name), MARKET).problem for name in ("", "sagemaker"))

    assert list(aws.instance_types) == ["g6e.xlarge", "g6e.12xlarge", "g6e.48xlarge"]
    assert list(hosting.instance_types) == ["ml.g6e.xlarge", "ml.g6e.12xlarge", "ml.g6e.48xlarge"]
    assert hosting.instance_types["ml.g6e.xlarge"].reserved.memory_gib == 2.6


def test_a_host_that_is_too_small_is_not_rented() -> None:
    """Neither by vCPUs nor by memory, however cheap."""
    price = Price(0.1, "us-east-1", "2026", "mine")
    few = InstanceFacts("aws", "g6e.few", "L40S", 4, 1, 44.7, 7, 512, regions=("us-east-1",), price=price)
    tight = InstanceFacts("aws", "g6e.tight", "L40S", 4, 1, 44.7, 64, 31, regions=("us-east-1",), price=price)
    made = draft(answers(), Market([Findings("mine", (few, tight))]))

    assert list(made.problem.instance_types) == ["g6e.xlarge", "g6e.12xlarge", "g6e.48xlarge"]


@pytest.mark.parametrize(("copies", "left"), [(1, 1), (2, 1), (3, 2), (4, 2), (9, 6)])
def test_a_lost_zone_leaves_what_an_even_spread_leaves(copies: int, left: int) -> None:
    """A single copy becomes two; three zones are there."""
    (made,) = draft(answers(ModelWish("phi-2", copies=copies), survive_zones=1), MARKET).problem.components

    assert made.copies == max(copies, 2)
    assert (made.spread.min_zones, made.min_available_on_zone_loss) == (2, left)


def test_zones_without_a_machine_that_is_large_enough_do_not_count() -> None:
    """Two accelerators a copy, and one of the two zones has machines with one alone."""
    small = InstanceFacts("kubernetes", "small", "L4", 1, 1, 24, 8, 64)
    large = replace(small, name="large", accelerator_count=2, memory_gib=128, vcpus=16)
    nodes = (Node("n0", "small", "a"), Node("n1", "small", "b"), Node("n2", "large", "a"))
    market = Market([Findings("nodes", (small, large), nodes=nodes)])
    given = answers(ModelWish("Qwen3-8B", copies=2), gpus=(), region="", prices={"small": 1, "large": 2})

    with pytest.raises(UsageError, match="can't survive the loss of 1 of the zones: its machines are in 1 alone"):
        draft(replace(given, survive_zones=1), market)
    assert draft(given, market)


def test_a_host_that_is_too_small() -> None:
    """For a copy on any of its accelerators: told, in place of a problem without a plan."""
    facts = InstanceFacts("kubernetes", "thin", "L40S", 4, 1, 48, 5, 64)
    market = Market([Findings("nodes", (facts,), nodes=(Node("n0", "thin", "a"),))])
    given = answers(ModelWish("phi-2"), gpus=(), region="", prices={"thin": 1})

    with pytest.raises(UsageError, match=r"not on L40S: .* GiB are there on 2"):
        draft(replace(given, models=(ModelWish("Qwen3-235B-A22B"),)), market)  # 5 vCPUs are enough for two
    tiny = Market([Findings("nodes", (replace(facts, memory_gib=7),), nodes=(Node("n0", "thin", "a"),))])
    with pytest.raises(UsageError, match="not on L40S: no host has 2 vCPUs and 8 GiB for a copy"):
        draft(given, tiny)


def test_two_lost_zones_take_three() -> None:
    """And three copies; with fewer zones it is refused."""
    (made,) = draft(answers(ModelWish("phi-2"), survive_zones=2), MARKET).problem.components

    assert (made.copies, made.spread.min_zones) == (3, 3)
    with pytest.raises(UsageError, match="to survive the loss of 2 zones takes at least 3, and there are 2"):
        draft(answers(survive_zones=2, zones=("use1-az1", "use1-az2")), MARKET)


def test_a_model_whose_machines_are_in_too_few_zones() -> None:
    """Though there are others in more."""
    facts = InstanceFacts("kubernetes", "big", "H100", 8, 1, 80, 190, 1900)
    small = InstanceFacts("kubernetes", "small", "L4", 1, 1, 24, 8, 64)
    nodes = (Node("n1", "big", "z1"), Node("n2", "small", "z1"), Node("n3", "small", "z2"))
    market = Market([Findings("nodes", (facts, small), nodes=nodes)])
    told = Answers((ModelWish("Llama-3.3-70B-Instruct"),), survive_zones=1, prices={"big": 30, "small": 1})

    with pytest.raises(UsageError, match="can't survive the loss of 1 of the zones: its machines are in 1 alone"):
        draft(told, market)


def test_a_rate_is_a_demand() -> None:
    """With what one copy serves; and enough copies for the zones."""
    wish = ModelWish("phi-2", rate=40, throughput=12.5)
    (plain,) = draft(answers(wish), MARKET).problem.components
    (zoned,) = draft(answers(wish, survive_zones=1), MARKET).problem.components

    assert (plain.demand, plain.modes[0].throughput, plain.min_copies) == (40, 12.5, None)
    assert (zoned.min_copies, zoned.min_available_on_zone_loss, zoned.spread.max_skew) == (2, 1, 1)


def test_a_rate_by_measurements() -> None:
    """Each number of accelerators that was measured is an option; without any measurement it is refused."""
    wish = ModelWish("Llama-3.1-8B-Instruct", rate=40)
    told = measurements(measured("L4", 2, 1.5), measured("L4", 4, 2.5), measured("H100", 1, 9.0))
    made = draft(answers(wish, gpus=("L4", "L40S", "H100"), throughputs=told), MARKET)
    (row,) = made.problem.components

    assert {option.name: option.throughput for option in row.modes} == {"l4-x2": 1.5, "l4-x4": 2.5, "h100-x1": 9.0}
    assert "# not on L40S: no measurement on it can be used" in made.text
    with pytest.raises(UsageError, match=r"has a rate, and nothing tells what one copy serves: add throughput=N"):
        draft(answers(wish), MARKET)
    with pytest.raises(UsageError, match=r'did you mean "meta-llama/Llama-3\.1-70B-Instruct"'):
        draft(answers(wish, throughputs={"meta-llama/Llama-3.1-70B-Instruct": {}}), MARKET)


def test_measurements_under_two_spellings_of_a_name() -> None:
    """With and without the publisher are one model; another publisher's is not, unless there is no other."""
    rows = {
        name: {("L4", count): replace(measured("L4", count, rate), model=name)}
        for name, count, rate in (("Meta-Llama/L", 1, 2.0), ("l", 1, 3.0), ("L", 2, 5.0), ("other/L", 4, 9.0))
    }

    found = measured_of("meta-llama/L", rows)
    assert found is not None
    assert {key: profile.requests_per_second for key, profile in found.items()} == {
        ("L4", 1): 3.0,
        ("L4", 2): 5.0,
    }
    assert set(measured_of("third/L", {"other/L": rows["other/L"]}) or ()) == {("L4", 4)}
    assert measured_of("third/M", rows) is None


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize(("memory", "tokens"), [(71.2, 2048), (40.04, 2048), (None, 2048), (71.2, 16384)])
def test_a_copy_that_was_measured_is_the_same_as_in_options_of_profiles(
    memory: float | None, tokens: int, share: bool
) -> None:
    """It owns its accelerators, has the memory it was measured in, and its command fills that and no more."""
    row = measured("H100", 1, 20.0, memory_gib=memory, input_tokens=tokens, output_tokens=256)
    wish = ModelWish("Llama-3.1-8B-Instruct", rate=80)
    made = draft(answers(wish, gpus=("H100",), throughputs=measurements(row), share=share), MARKET)

    (option,) = made.problem.to_document()["components"][0]["options"]
    (told,) = choose([row], Limits()).of_model[row.model]
    kept = ("accelerators", "on", "throughput", "accelerator_memory_gib", "shared")
    assert {key: option[key] for key in ("name", *kept) if key in option} == told.to_option()
    (command,) = _commands(made)
    flags = dict(pair.split() for pair in re.findall(r"--\S+ \S+", command))
    length = int(flags["--max-model-len"])
    sized = size(wish.model, "H100", 1, Launch(utilization=float(flags["--gpu-memory-utilization"])))
    most = memory or size(wish.model, "H100", 1).total_gib
    assert most - 0.2 < sized.total_gib <= most
    assert length == max(8192, tokens + 256)
    assert sized.kv_tokens > 8 * 8192
    assert ("none of these options is shared" in made.text) == share


def _commands(made: Draft) -> list[str]:
    return [text for key, text in made.problem.components[0].labels.items() if key.startswith("serve.command")]


@pytest.mark.parametrize(
    ("engine", "image", "told"),
    [
        ("vllm", "", "vllm/vllm-openai"),
        ("vllm=0.19", "", "vllm/vllm-openai:v0.19.0"),
        ("vllm==v0.19.1", "", "vllm/vllm-openai:v0.19.1"),
        ("vllm=0.19", "mirror:5000/vllm", "mirror:5000/vllm"),
    ],
)
def test_the_image_is_of_the_version_that_is_asked_for(engine: str, image: str, told: str) -> None:
    """The engine's own, the newest where no version is asked for; or what the user names."""
    made = draft(answers(FIVE[0], gpus=("H100",), engine=engine, image=image), MARKET)
    assert made.problem.components[0].labels["serve.image"] == told


def test_sequences_that_are_asked_for_must_have_room_where_a_copy_was_measured() -> None:
    """In the memory of the measurement, or in what the engine takes."""
    for memory, concurrency in ((40.0, 100), (None, 1000)):
        told = measurements(measured("H100", 1, 20.0, memory_gib=memory))
        wish = ModelWish("Llama-3.1-8B-Instruct", rate=80, concurrency=concurrency)
        with pytest.raises(UsageError, match="the KV cache asked for takes"):
            draft(answers(wish, gpus=("H100",), throughputs=told), MARKET)
        assert draft(answers(replace(wish, concurrency=2), gpus=("H100",), throughputs=told), MARKET)


@pytest.mark.parametrize(
    ("row", "is_started"),
    [
        (measured("H100", 1, 20.0, precision="bf16"), True),
        (measured("H100", 1, 20.0, precision="fp8"), False),
        (measured("H100", 1, 20.0, engine="sglang"), False),
        (measured("H100", 1, 20.0, memory_gib=10.0), False),  # in which bf16 has no room
        (measured("H100", 3, 20.0), False),  # 32 heads over 3
    ],
)
def test_every_copy_that_was_measured_is_an_option(row: Profile, is_started: bool) -> None:
    """Also one that the engine, the weights or the split of which we don't size: it has no command then."""
    wish = ModelWish("Llama-3.1-8B-Instruct", rate=80)
    made = draft(answers(wish, gpus=("H100",), throughputs=measurements(row)), MARKET)

    (option,) = made.problem.to_document()["components"][0]["options"]
    assert option["throughput"] == 20.0
    assert f"# profile: {row.words}" in made.text
    assert bool(_commands(made)) == is_started


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_a_context_that_is_asked_for_holds_for_measurements_too(engine: str) -> None:
    """It is the model's to have, and of what is sized here the memory must have room for it."""
    told = measurements(measured("L40S", 1, 20.0, engine=engine, memory_gib=20.0))
    wish = ModelWish("Llama-3.1-8B-Instruct", rate=80, context_length=200_000)

    said = "a context of 200000 tokens is more than the 131072 of the model: give context_length=131072 or less"
    for asked in (wish, replace(wish, rate=None, copies=1)):  # no other GPU would do either, so none is proposed
        with pytest.raises(UsageError, match=f"{said}$"):
            draft(answers(asked, throughputs=told), MARKET)
    longest = replace(wish, context_length=131_072)
    if engine == "vllm":
        with pytest.raises(UsageError, match="not on 1 x L40S: the KV cache asked for takes"):
            draft(answers(longest, throughputs=told), MARKET)
    else:
        assert draft(answers(longest, throughputs=told), MARKET)


def test_a_copy_on_more_accelerators_than_a_machine_has() -> None:
    """Is told; that it was not measured would be untrue."""
    told = measurements(measured("L40S", 1, 1.5), measured("L40S", 16, 20.0))
    made = draft(answers(ModelWish("Llama-3.1-8B-Instruct", rate=80), throughputs=told), MARKET)

    assert "# not on 16 x L40S: a machine has at most 8" in made.text
    assert [mode.name for mode in made.problem.components[0].modes] == ["l40s-x1"]


def test_a_measurement_that_fills_its_accelerator() -> None:
    """Is no more than that after rounding, so the problem can be solved."""
    told = measurements(measured("H100", 1, 20.0, memory_gib=79.15))
    wish = ModelWish("Llama-3.1-8B-Instruct", rate=20)

    made = draft(answers(wish, gpus=("H100",), throughputs=told), MARKET)

    assert placement.solve(made.problem).status is placement.Status.OPTIMAL


@pytest.mark.parametrize(("rate", "copies"), [(2.0, 2), (2.5, 3), (7.5, 8)])
def test_the_copies_that_serve_all_of_a_rate_after_a_loss(rate: float, copies: int) -> None:
    """As many of those that serve the least. More of the rate would not do: 2, 1 and 1 copies leave half of it."""
    told = measurements(measured("L4", 2, 1.0), measured("H100", 1, 9.0))
    wish = ModelWish("Llama-3.1-8B-Instruct", rate=rate)

    made = draft(answers(wish, gpus=("L4", "H100"), throughputs=told, survive_zones=1), MARKET)

    assert f"write min_available_on_zone_loss: {copies}: as many serve it" in made.text.replace("\n  # ", " ")


def test_a_throughput_that_is_given_may_be_of_copies_that_share() -> None:
    """The file says what that means."""
    made = draft(answers(ModelWish("phi-2", rate=40, throughput=12.5), share=True), MARKET)

    assert made.problem.components[0].modes[0].shared
    assert "must hold beside other copies on the same accelerator" in " ".join(made.text.split())


def test_copies_that_share() -> None:
    """Those on one accelerator; a copy over two owns them."""
    made = draft(answers(FIVE[0], gpus=("L4", "L40S"), share=True), MARKET).problem.components[0]

    assert [(option.accelerators, option.shared) for option in made.modes] == [(2, False), (1, True)]


def test_names_are_distinct() -> None:
    """The same model may stand twice; a name may be given."""
    made = draft(answers(ModelWish("phi-2"), ModelWish("phi-2"), ModelWish("phi-2", name="mine")), MARKET)

    assert [row.name for row in made.problem.components] == ["phi-2", "phi-2-2", "mine"]
    (note,) = made.notes  # it may be a slip: two rows of one model keep their rules each for itself
    assert note == (
        "phi-2 stands 2 times and makes 2 components, each with rules of its own: phi-2, phi-2-2; give each a name, or "
        "write one with all copies"
    )
    assert not draft(answers(ModelWish("phi-2"), ModelWish("phi-2", name="mine")), MARKET).notes


def test_quotas_and_prices_leave_machines_out() -> None:
    """A quota that is too small for one machine, and no price; the file says so."""
    quota = Quota("ml.g6e.xlarge for endpoint usage", "us-east-1", 0, instance_type="ml.g6e.xlarge")
    market = Market([Findings("quotas", quotas=(quota,))])
    made = draft(answers(provider="sagemaker"), market)

    assert "ml.g6e.xlarge" not in made.problem.instance_types
    assert "# Left out: ml.g6e.xlarge: the quota in us-east-1 is too small for one." in made.text
    with pytest.raises(UsageError, match="no machine is left to rent"):
        draft(answers(region="us-east-2", gpus=(), instance_types=("p5e.48xlarge",)), MARKET)
    named = answers(region="us-east-2", gpus=(), instance_types=("p5e.48xlarge",), prices={"p5e.48xlarge": 50})
    priced = draft(named, MARKET)
    assert priced.problem.instance_types["p5e.48xlarge"].price_per_hour == 50


def test_a_part_of_a_cluster() -> None:
    """Zones that are named hold for nodes too, and a type without a node there is left out, told."""
    facts = InstanceFacts("kubernetes", "bare", "L40S", 2, 1, 48, 64, 256)
    kinds = facts, replace(facts, name="rack")
    nodes = Node("n0", "bare", "z0"), Node("n1", "bare", "z1"), Node("n2", "rack", "z1"), Node("n3", "rack", "z2")
    market = Market([Findings("nodes", kinds, nodes=nodes)])
    given = answers(gpus=(), region="", prices={"bare": 3, "rack": 2})

    made = draft(replace(given, zones=("z0",)), market)

    assert [row.id for row in made.problem.instances] == ["n0"]
    assert "1 kind of machine, in z0." in made.text
    assert "# Left out: rack: its nodes are in z1, z2." in made.text
    assert "in z0, z1, z2." in draft(given, market).text
    assert "in z0, z1." in draft(replace(given, prices={"bare": 3}), market).text  # rack has no price
    with pytest.raises(UsageError, match="--zones: z9 is no zone of these machines; known: z0, z1, z2"):
        draft(replace(given, zones=("z9",)), market)


def test_a_cluster_is_its_nodes() -> None:
    """No region and no GPU need be told; pools are as large as they are."""
    facts = InstanceFacts("kubernetes", "bare", "H100", 8, 1, 80, 190, 1900)
    nodes = tuple(Node(f"n{index}", "bare", f"z{index % 2}") for index in range(4))
    offers = tuple(Offer("bare", "", zone) for zone in ("z0", "z1"))
    market = Market([Findings("nodes", (facts,), offers, nodes=nodes)])
    made = draft(Answers(FIVE, survive_zones=1, prices={"bare": 30}), market)

    assert [(pool.zone, pool.max_instances) for pool in made.problem.pools] == [("z0", 2), ("z1", 2)]
    assert len(made.problem.instances) == 4


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"models": ()}, "a problem needs at least one model"),
        ({"models": (ModelWish("Llama-3.1-8"),)}, r"no model of the table here; did you mean"),
        ({"region": "us-est-1"}, 'no region "us-est-1" is in the catalogue'),
        ({"gpus": ("H1000",)}, 'no accelerator "H1000" is in the catalogue; did you mean "H100"'),
        ({"gpus": ("MI300X",)}, "aws offers no machine with MI300X in us-east-1; "),
        (
            {"gpus": ("H200",), "region": "eastus"},
            r"azure is not known to offer a machine with H200 in eastus \(left out: Standard_ND96isr_H200_v5: whether",
        ),
        (
            {"models": FIVE[:1], "gpus": ("Trainium",)},
            "not on Trainium: nobody we read tells how much of its memory is usable",
        ),
        ({"zones": ("use1-az1", "use1-az3"), "survive_zones": 1}, "use1-az3 offers none of these machines"),
        ({"zones": ("a",), "survive_zones": 1}, "to survive the loss of a zone takes at least 2, and there are 1: a;"),
        ({"provider": "azur"}, 'no provider "azur" is in the catalogue'),
        ({"instance_types": ("g6e.xl",)}, 'no instance type "g6e.xl" is in the catalogue; did you mean "g6e.xlarge"'),
        ({"zones": ("euw1-az1",)}, "--zones: euw1-az1 is no zone of us-east-1; did you mean"),
        (
            {"models": (ModelWish("Llama-3.1-405B-Instruct"),)},
            "no copy of meta-llama/Llama-3.1-405B-I",
        ),
        (
            {"region": "eu-central-1", "gpus": (), "instance_types": ("p5.48xlarge",), "survive_zones": 1},
            "p5.48xlarge is not offered in eu-central-1; it is in ap-northeast-1",
        ),
        ({"region": "us-central1", "gpus": ("L4",), "survive_zones": 1}, "the zones of us-central1 are not known here"),
    ],
)
def test_what_can_not_be_is_said(more: dict[str, Any], message: str) -> None:
    """With the nearest names, or what would help."""
    with pytest.raises(UsageError, match=message) as caught:
        draft(answers(**more), MARKET)

    assert str(caught.value) == printable(str(caught.value))


@pytest.mark.parametrize(
    ("word", "wish"),
    [
        ("phi-2", ModelWish("phi-2")),
        ("phi-2=3", ModelWish("phi-2", copies=3)),
        ("org/m,copies=2,context_length=4096", ModelWish("org/m", copies=2, context_length=4096)),
        ("m, rate = 4.5 ,throughput=2", ModelWish("m", rate=4.5, throughput=2)),
        ("m=1,concurrency=4,name=x", ModelWish("m", "x", copies=1, concurrency=4)),
    ],
)
def test_a_model_on_the_command_line(word: str, wish: ModelWish) -> None:
    """Its name, and what is wanted of it."""
    assert parse_model(word) == wish


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("", "--model : must be MODEL, MODEL=COPIES or MODEL,key=value"),
        ("m=many", r'--model m=many: copies must be a whole number from 0 to 1,000,000, got "many"'),
        ("m,copie=2", r'--model m,copie=2: no key "copie"; did you mean "copies"\?'),
        ("m=2,rate=2,throughput=1", "rate must not stand beside copies"),
        ("m,rate=nan,throughput=1", "rate must be a number above 0"),
        ("m,rate=1e19,throughput=1", "rate must be a number above 0, at most 1,000,000,000,000,000,000"),
        ("m,rate=fast,throughput=1", 'rate must be a number above 0, got "fast"'),
        ("m,context_length=0", "context_length must be a whole number from 1"),
    ],
)
def test_a_model_that_means_nothing(word: str, message: str) -> None:
    """The word, the key, and the rule."""
    with pytest.raises(UsageError, match=message):
        parse_model(word)


def test_models_from_a_file(tmp_path: Path) -> None:
    """Cells may be empty; columns may be in any order."""
    path = tmp_path / "models.csv"
    path.write_text("copies,model,rate,throughput\n3,phi-2,,\n,gemma-3-27b-it,20,4\n,Qwen2.5-7B-Instruct,,\n")

    assert read_models(path) == (
        ModelWish("phi-2", copies=3),
        ModelWish("gemma-3-27b-it", rate=20, throughput=4),
        ModelWish("Qwen2.5-7B-Instruct"),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no rows below a row that names the columns model, name, copies"),
        ("model\n", "has no rows below"),
        ("name,copies\nx,2\n", "row 1: must name the column model"),
        ("model,copis\nx,2\n", 'row 1: names an unknown column; did you mean "copies"?, got "copis"'),
        ("model,copies\nx,-2\n", 'row 2, column copies: must be a whole number from 0 to 1,000,000, got "-2"'),
        ("model,copies\nx,2\n,3\n", "row 3, column model: must not be empty"),
        ("model,rate,copies\nx,2,1\n", "row 2, column rate: must not stand beside copies"),
    ],
)
def test_a_damaged_file_of_models(tmp_path: Path, text: str, message: str) -> None:
    """Row and column."""
    path = tmp_path / "models.csv"
    path.write_text(text)
    with pytest.raises(DocumentError) as caught:
        read_models(path)

    assert message in str(caught.value)


@pytest.mark.parametrize("word", ["phi-2=1,copies=2", "phi-2,copies=1,copies=2"])
def test_a_key_stands_once(word: str) -> None:
    """The last of two was taken without a word."""
    with pytest.raises(UsageError, match="copies must be given once"):
        parse_model(word)


@pytest.mark.parametrize(("word", "key"), [("phi-2=", "copies"), ("phi-2,rate", "rate"), ("phi-2,rate= ", "rate")])
def test_a_key_has_a_value(word: str, key: str) -> None:
    """Nothing is no copy, and no rate."""
    with pytest.raises(UsageError, match=f"{key} must have a value"):
        parse_model(word)


def test_whole_numbers_of_tables_with_empty_cells() -> None:
    """They are written as 2.0."""
    assert parse_model("phi-2=2.0").copies == 2
    with pytest.raises(UsageError, match=r'whole number from 0 to 1,000,000, got "2\.5"'):
        parse_model("phi-2=2.5")


def test_columns_as_people_head_them(tmp_path: Path) -> None:
    """In any case, with spaces; two that mean the same are refused."""
    path = tmp_path / "models.csv"
    path.write_text("Model,Context length,COPIES\nphi-2,1024,3\n")
    assert read_models(path) == (ModelWish("phi-2", copies=3, context_length=1024),)
    path.write_text("Model,copies,Copies\nphi-2,1,2\n")
    with pytest.raises(DocumentError, match='row 1: names a column twice, got "copies"'):
        read_models(path)


@pytest.mark.parametrize("mark", [";", ",", "\t", "|"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_excels_line_above_the_names_of_columns(tmp_path: Path, mark: str, end: str) -> None:
    """It says what stands between cells, also where the names would say otherwise, and is counted as no row."""
    path = tmp_path / "models.csv"
    path.write_bytes(
        end.join([f"sep={mark}", f"model{mark}copies", f"phi-2{mark}3", f"Qwen3-0.6B{mark}x", ""]).encode()
    )

    with pytest.raises(DocumentError, match=r"at row 3, column copies: must be a whole number") as caught:
        read_models(path)
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            b"PK\x03\x04 and what follows",
            "is a ZIP archive, as sheets of Excel (.xlsx) and LibreOffice (.ods) are: save",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is a document of an older Office, such as .xls of Excel: save the sheet as CSV"),
        ("model,copies\nphi-2,1\n".encode("utf-16"), "is UTF-16 text: save it as UTF-8"),
        (b"\x1f\x8b\x08", "is compressed by gzip: unpack it first"),
    ],
)
def test_files_that_are_no_text_are_told_for_what_they_are(tmp_path: Path, data: bytes, words: str) -> None:
    """Whatever they are called, with the way out."""
    path = tmp_path / "models.csv"
    path.write_bytes(data)

    with pytest.raises(DocumentError, match=re.escape(words)):
        read_models(path)


def test_a_throughput_is_of_a_rate(tmp_path: Path) -> None:
    """Beside copies, or alone, it would be taken no notice of."""
    path = tmp_path / "models.csv"
    path.write_text("model,rate,throughput,copies\nphi-2,,5,2\nphi-2,,5,\nphi-2,x,5,\n")
    with pytest.raises(DocumentError) as caught:
        read_models(path)
    assert [(fault.path, fault.rule[:28]) for fault in caught.value.faults] == [
        ("row 2, column throughput", "must not stand without a rate"[:28]),
        ("row 3, column throughput", "must not stand without a rate"[:28]),
        ("row 4, column rate", "must be a number above 0, got"[:28]),
    ]
    with pytest.raises(UsageError, match="throughput must not stand without a rate"):
        parse_model("phi-2=3,throughput=5")


def test_models_of_a_file_that_fit_nowhere_are_told_with_its_other_faults(tmp_path: Path) -> None:
    """Each with its row, in one go."""
    path = tmp_path / "models.csv"
    path.write_text("model,copies\nLlama-3.1-405B-Instruct,1\nphi-2,many\nphi-2,1\n")
    with pytest.raises(DocumentError) as caught:
        read_models(path, {}, fitting(answers(gpus=("L4",)), MARKET))
    assert [fault.path for fault in caught.value.faults] == ["row 2, column model", "row 3, column copies"]
    assert "not on L4: 105.52 GiB are needed and 22.03 GiB are there on 8" in str(caught.value)


def test_every_fault_of_a_file_of_models_is_told(tmp_path: Path) -> None:
    """Unknown models with the nearest, rates without a throughput, several wrong values of one row."""
    path = tmp_path / "models.csv"
    path.write_text("model,rate,throughput,copies\nQwen/Qwen2.5-7B,5,,\nphi-2,5,,\nphi-2,x,-1,2\n-,5,5,2\n")
    with pytest.raises(DocumentError) as caught:
        read_models(path, {})

    assert [fault.path for fault in caught.value.faults] == [
        "row 2, column model",
        "row 2, column throughput",
        "row 3, column throughput",
        "row 4, column rate",
        "row 4, column throughput",
        "row 4, column rate",
        "row 5, column rate",
    ]
    assert f'{path} at row 2, column model: "Qwen/Qwen2.5-7B" is no file' in str(caught.value)
    assert 'did you mean "Qwen/Qwen2.5-7B-Instruct"?' in str(caught.value)


def test_rows_of_another_width_hide_no_other_fault(tmp_path: Path) -> None:
    """Nor does an unknown column hide them."""
    path = tmp_path / "models.csv"
    path.write_text("model,copies\nphi-2\nphi-2,many\n")
    with pytest.raises(DocumentError) as caught:
        read_models(path)
    assert [fault.path for fault in caught.value.faults] == ["row 2", "row 3, column copies"]

    path.write_text("model,copis\nphi-2\nphi-2,2\n")
    with pytest.raises(DocumentError) as caught:
        read_models(path)
    assert [fault.path for fault in caught.value.faults] == ["row 1", "row 2"]


def test_measurements_stand_for_throughputs_in_a_file_of_models(tmp_path: Path) -> None:
    """By the model's name without its publisher; unless they are given, nobody asks."""
    path = tmp_path / "models.csv"
    path.write_text("model,rate\nQwen/Qwen2.5-7B-Instruct,5\n")

    wished = (ModelWish("Qwen/Qwen2.5-7B-Instruct", rate=5),)
    assert read_models(path, {"qwen2.5-7b-instruct": {("L4", 1): measured("L4", 1, 3.0)}}) == wished
    assert read_models(path) == wished


@given(rows=st.lists(st.lists(st.text(max_size=5), min_size=3, max_size=3), max_size=3), width=st.integers(1, 8))
def test_no_file_of_models_crashes(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], width: int) -> None:
    """It is read, or it is a fault with a place."""
    stream = io.StringIO()
    csv.writer(stream).writerows([COLUMNS[:width], *rows])
    path = tmp_path_factory.getbasetemp() / "models.csv"
    path.write_bytes(stream.getvalue().encode("utf-8", "surrogatepass"))
    try:
        found: tuple[ModelWish, ...] = read_models(path)
    except DocumentError as error:
        found = ()
        faults = error.faults
    else:
        faults = ()
    assert all(fault.path for fault in faults)
    assert all(wish.model for wish in found)


def test_models_that_fit_nowhere_are_told_together() -> None:
    """Each with what it needs; one that fits is not among them."""
    large = (ModelWish("Llama-3.3-70B-Instruct"), ModelWish("phi-2"), ModelWish("Qwen2.5-72B-Instruct"))
    with pytest.raises(DocumentError, match=r"no copy of meta-llama/Llama-3\.3-70B-Instruct fits") as caught:
        draft(answers(*large, gpus=("T4",)), MARKET)

    assert [fault.path for fault in caught.value.faults] == ["Llama-3.3-70B-Instruct", "Qwen2.5-72B-Instruct"]


def test_words_of_models_are_told_together() -> None:
    """Unknown keys, wrong values and unknown models, each by its word with the nearest names."""
    assert parse_models(["phi-2=3", "-"]) == (ModelWish("phi-2", copies=3), ModelWish("-"))
    with pytest.raises(DocumentError) as caught:
        parse_models(["phi-2,copys=3,rat=4,rate=x", "phi2=3", "gemma-3-27b-it,concurrency=0"])

    assert list(map(str, caught.value.faults)) == [
        'phi-2,copys=3,rat=4,rate=x: no key "copys"; did you mean "copies"?',
        'phi-2,copys=3,rat=4,rate=x: no key "rat"; did you mean "rate"?',
        'phi-2,copys=3,rat=4,rate=x: rate must be a number above 0, got "x"',
        'phi2=3: "phi2" is no file, no folder and no model of the table here; did you mean "phi-2"?',
        'gemma-3-27b-it,concurrency=0: concurrency must be a whole number from 1 to 1,000,000, got "0"',
    ]


def test_a_quantised_checkpoint_without_files_is_of_the_size_that_is_given(tmp_path: Path) -> None:
    """Which the message asks for, as a key of the model; in a list of models it is a column."""
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": 128256,
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "max_position_embeddings": 8192,
        "torch_dtype": "float16",
        "quantization_config": {"quant_method": "awq", "bits": 4},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match="placement init --model MODEL,checkpoint_gib=N"):
        draft(answers(parse_model(str(tmp_path)), gpus=("L4",)), MARKET)
    (tmp_path / "models.csv").write_text(f"model,checkpoint_gib\n{tmp_path},5.3\n{tmp_path},9\n")
    less, more = draft(answers(*read_models(tmp_path / "models.csv"), gpus=("L4",)), MARKET).problem.components

    assert more.modes[0].accelerator_memory_gib - less.modes[0].accelerator_memory_gib == pytest.approx(3.7, abs=0.2)


def test_nodes_without_a_zone_are_told(tmp_path: Path) -> None:
    """By name, with the label that is missing; where a zone may be lost they are refused."""
    facts = InstanceFacts("kubernetes", "bare", "H100", 8, 1, 80, 190, 1900)
    nodes = (Node("n0", "bare", "z0"), Node("n1", "bare", "no-zone"), Node("n2", "bare", "no-zone"))
    offers = tuple(Offer("bare", "", zone) for zone in ("z0", "no-zone"))
    market = Market([Findings("nodes", (facts,), offers, nodes=nodes)])
    made = draft(Answers(FIVE, prices={"bare": 30}), market)
    told = "no zone is told of n1, n2: neither by the label topology.kubernetes.io/zone nor by providerID"

    assert made.notes == (f"{told}, so all of them stand in one that is called no-zone",)
    assert f"# {told[:40]}" in made.text
    with pytest.raises(UsageError, match=f"{told}: label them, or lower --survive-zones to 0"):
        draft(Answers(FIVE, survive_zones=1, prices={"bare": 30}), market)


@pytest.mark.parametrize(
    ("version", "engine", "flag"),
    [
        ("0.24.0", "vllm", "--max-num-batched-tokens 8192"),
        ("0.30.0", "vllm", "--max-num-batched-tokens 16384"),
        ("0.24.0", "vllm=0.30", "--max-num-batched-tokens 16384"),
        ("nightly", "vllm", "--max-num-batched-tokens 16384"),
        ("0.2.0", "vllm", "--max-num-batched-tokens 16384"),
    ],
)
def test_a_copy_starts_in_the_version_that_was_measured(version: str, engine: str, flag: str) -> None:
    """Unless another is asked for, or nobody knows its constants: from 0.29 on a B200 takes larger batches."""
    told = measurements(measured("B200", 1, 20.0, version=version))
    wish = ModelWish("Llama-3.1-8B-Instruct", rate=4)
    made = draft(answers(wish, gpus=("B200",), throughputs=told, engine=engine), Market())

    assert flag in made.text

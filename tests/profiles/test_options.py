"""The most that a copy serves within limits, and what has not been measured."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.errors import UsageError
from placement.profiles import Limits, Profile, Size, choose
from placement.profiles.options import parse_milliseconds

ROW = Profile("m", "H100", 2, "vllm", "0.19", "bf16", 512, 128, 80.0, 10.0, 12.0, 70.51, "a.json, mean")


def test_the_best_within_the_limits() -> None:
    """Faster rows that break a limit do not count, nor do those without a time that is limited."""
    rows = [
        ROW,
        replace(ROW, requests_per_second=20.0, ttft_ms=501.0),
        replace(ROW, requests_per_second=30.0, tpot_ms=None),
        replace(ROW, requests_per_second=15.5, ttft_ms=500.0, tpot_ms=50.0),
    ]

    choices = choose(rows, Limits(500.0, 50.0))

    (choice,) = choices.of_model["m"]
    assert choice.to_option() == {
        "name": "h100-x2",
        "accelerators": 2,
        "on": ["H100"],
        "throughput": 15.5,
        "accelerator_memory_gib": 70.6,
    }
    assert choices.missing == ()
    assert choose(rows, Limits()).of_model["m"][0].requests_per_second == 30.0


def test_models_without_a_measurement_on_the_accelerators_asked_for_are_named() -> None:
    """Though none of the profiles that are left is of them."""
    choices = choose([ROW], Limits(), accelerators=["H100"], models=["m", "p"])
    assert list(choices.of_model) == ["m", "p"]
    assert not choices.of_model["p"]
    assert choices.missing == ("p has no measurement on H100",)


def test_what_is_missing_is_said() -> None:
    """A model that was never measured on a GPU; one that keeps no limit there, with what it reaches."""
    rows = [
        ROW,
        replace(ROW, model="n", accelerator="L4", accelerators=1, ttft_ms=900.0, tpot_ms=70.0),
        replace(ROW, model="o", tpot_ms=None),
    ]

    choices = choose(rows, Limits(500.0, 50.0), accelerators=["H200"])

    assert choices.missing == (
        "m has no measurement on L4",
        "m has no measurement on H200",
        "n has no measurement on H100",
        "n on L4 x 1: of 1 measured, none keeps the limits (first token 500 ms, each after it 50 ms); the least are "
        "first token 900 ms, each after it 70 ms",
        "n has no measurement on H200",
        "o on H100 x 2: of 1 measured, none has the times that are limited",
        "o has no measurement on L4",
        "o has no measurement on H200",
    )


def test_sizes_of_requests() -> None:
    """Of several sizes one must be asked for; larger requests count, as they are no easier."""
    rows = [ROW, replace(ROW, input_tokens=1024, requests_per_second=7.0)]

    with pytest.raises(UsageError, match="several sizes: input_tokens 512, 1024; add --input-tokens N"):
        choose(rows, Limits())
    assert choose(rows, Limits(), Size(500, 128)).of_model["m"][0].requests_per_second == 12.0
    assert choose(rows, Limits(), Size(600, 100)).of_model["m"][0].requests_per_second == 7.0
    nothing = choose(rows, Limits(), Size(4096, 100))
    assert nothing.of_model["m"] == ()
    assert nothing.missing == ("m on H100 x 2: of 2 measured, none has requests as large as asked for",)


def test_measurements_in_more_memory_than_there_is() -> None:
    """They are of another accelerator; of one that the catalogue has not, nothing is known."""
    rows = [replace(ROW, memory_gib=80.0), replace(ROW, memory_gib=90.0, accelerator="H9000")]

    choices = choose(rows, Limits())

    assert [best.accelerator for best in choices.of_model["m"]] == ["H9000"]
    assert choices.missing == (
        "m on H100 x 2: measured with 80 GiB on each, of which 79.19 are usable: is it that accelerator?",
    )


@given(st.floats(1e-6, 1e6))
def test_throughput_is_never_rounded_up(rate: float) -> None:
    """Four digits, down."""
    found = choose([replace(ROW, requests_per_second=rate)], Limits()).of_model["m"][0].to_option()["throughput"]

    assert isinstance(found, float)
    assert rate * 0.998 <= found <= rate * (1 + 1e-9)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("500ms", 500.0), ("1.5s", 1500.0), (" 2 s ", 2000.0), ("250us", 0.25), ("1min", 60_000.0)],
)
def test_times_with_units(text: str, milliseconds: float) -> None:
    """As people write them."""
    assert parse_milliseconds("--slo-ttft", text) == milliseconds


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("500", "must be a time with its unit"), ("fast", "must be a time with its unit"), ("0ms", "must be above 0"),
        ("-5ms", "must be a time"), ("5msec", 'no unit "msec"; did you mean "ms"'), ("", "must be a time"),
    ],
)  # fmt: skip
def test_times_without_sense(text: str, words: str) -> None:
    """The option, the rule, the way out."""
    with pytest.raises(UsageError, match=f"--slo-ttft.*{words}"):
        parse_milliseconds("--slo-ttft", text)

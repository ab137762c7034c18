"""Traffic files: what each kind means, and what is wrong in which row."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np
import pytest

from placement.errors import DocumentError, UsageError
from placement.simulation import Traffic, TrafficGiven, read_traffic

if TYPE_CHECKING:
    from pathlib import Path

AZURE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:15:46.6805900,374,44
2023-11-16 18:15:50.9951690,396,109
2023-11-16 18:17:47.0000000,879,55
"""
BURSTGPT = """Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type
5,ChatGPT,472,18,490,Conversation log
45,ChatGPT,1087,230,1317,Conversation log
118,GPT-4,417,276,693,Conversation log
"""
MOONCAKE = """{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47]}
{"timestamp": 30535, "input_length": 6472, "output_length": 26, "hash_ids": [46]}
{"timestamp": 90535, "input_length": 6472, "output_length": 26, "hash_ids": [46]}
"""
SERVEGEN = "client,t0,t10,t20\n61,87.2,93.58,101.5\n142,11.49,0,0\n"
DLRM = "app,role,h0,h1,h2\n0,HN,373,373,374\n"
COUNTED = (
    "service,minute,requests,input_tokens,output_tokens,p95_input,p95_output\ncode,0,63,1,1,1,1\n"
    "code,3,540,1,1,1,1\nconv,1,6,1,1,1,1\n"
)
LISTED = "component,time,rate\na,0,1\nb,0,2.5\na,10m,3\nb,600,0\n"


def read(tmp_path: Path, text: str, name: str = "rates.csv", **given: object) -> Traffic:
    """The traffic of a text."""
    (tmp_path / name).write_text(text)
    return read_traffic(tmp_path / name, TrafficGiven(**given))  # type: ignore[arg-type]


def faults(tmp_path: Path, text: str, name: str = "rates.csv", **given: object) -> str:
    """What is said of a text that is wrong."""
    with pytest.raises(DocumentError) as error:
        read(tmp_path, text, name, **given)
    return str(error.value).replace(str(tmp_path / name), "FILE")


def test_this_projects_own(tmp_path: Path) -> None:
    """Rates hold until the next; the last one as long as the one before it."""
    traffic = read(tmp_path, LISTED, names={"b": "beta"})

    assert traffic.components == ("a", "beta")
    assert traffic.times.tolist() == [0, 600]
    assert traffic.end == 1200
    assert traffic.rates.tolist() == [[1_000_000, 2_500_000], [3_000_000, 0]]


def test_dates(tmp_path: Path) -> None:
    """The first is the start; its day of the week counts for schedules."""
    text = "component,time,rate\na,2026-11-27T08:00,1\na,2026-11-27T08:05,2\n"
    traffic = read(tmp_path, text)

    assert traffic.times.tolist() == [0, 300]
    assert traffic.week_second == 4 * 86_400 + 8 * 3600  # a Friday


def test_tables_of_times(tmp_path: Path) -> None:
    """ServeGen's in minutes, Alibaba's live copies in hours; compressed too."""
    traffic = read(tmp_path, SERVEGEN, names={"61": "large"})
    assert traffic.components == ("large", "142")
    assert (traffic.times.tolist(), traffic.end) == ([0, 600, 1200], 1800)
    assert traffic.rates[:, 0].tolist() == [87_200_000, 93_580_000, 101_500_000]
    (tmp_path / "live.csv.gz").write_bytes(gzip.compress(DLRM.encode()))
    live = read_traffic(tmp_path / "live.csv.gz")
    assert (live.components, live.end) == (("0/HN",), 3 * 3600)


def test_traces_of_requests(tmp_path: Path) -> None:
    """Requests are counted by the minute, in each of the three formats."""
    azure = read(tmp_path, AZURE, component="code")
    assert (azure.components, azure.end) == (("code",), 180)
    assert azure.rates[:, 0].tolist() == [round(2e6 / 60), 0, round(1e6 / 60)]
    assert azure.start is not None
    assert azure.start.isoformat() == "2023-11-16T18:15:46.680590+00:00"
    burst = read(tmp_path, BURSTGPT, names={"GPT-4": "gpt4"})
    assert burst.components == ("ChatGPT", "gpt4")
    assert burst.rates.tolist() == [[round(2e6 / 60), 0], [0, round(1e6 / 60)]]
    moon = read(tmp_path, MOONCAKE, "trace.jsonl", component="kimi")
    assert moon.rates[:, 0].tolist() == [round(2e6 / 60), round(1e6 / 60)]


def test_counts_by_the_minute(tmp_path: Path) -> None:
    """Minutes without a row had no request."""
    traffic = read(tmp_path, COUNTED)

    assert traffic.components == ("code", "conv")
    assert traffic.rates.tolist() == [[1_050_000, 0], [0, 100_000], [0, 0], [9_000_000, 0]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "FILE at row 1: is empty"),
        ("component,time,rate\n", "FILE at row 1: has no rows below it"),
        ("a,b\n1,2\n", "FILE at row 1: names no columns that are known here"),
        ("component,time,rate\na,0,-1\n", 'FILE at row 2, column rate: must not be negative, got "-1"'),
        ("component,time,rate\na,0,x\n", 'FILE at row 2, column rate: must be a number of requests a second, got "x"'),
        ("component,time,rate\na,0,nan\n", "FILE at row 2, column rate: must be a finite number"),
        ("component,time,rate\na,0,1e9\n", "FILE at row 2, column rate: must be a finite number of at most 100000"),
        ("component,time,rate\na,-5,1\n", "FILE at row 2, column time: must not be negative"),
        ("component,time,rate\na,soon,1\n", "FILE at row 2, column time: must be a time"),
        (
            "component,time,rate\na,0,1\na,20,1\na,10,1\n",
            'FILE at row 4, column time: "a" goes back in time: its row bef',
        ),
        ("component,time,rate\na,0,1\na,0,1\n", 'FILE at row 3, column time: "a" stands there already'),
        (
            "component,time,rate\na,0,1\nb,0,1\nb,9,1\na,18,1\nb,18,1\n",
            'FILE at row 5: before this row of "a" 1 time of the file has none: add it, or say with --gaps',
        ),
        (
            "component,time,rate\na,0,1\nb,0,1\nb,9,1\n",
            'FILE at row 2: after this row of "a" 1 time of the file has none: add it',
        ),
        ("component,time,rate\na,0,1\na,2026-01-01,1\n", "FILE at row 3, column time: mixes dates"),
        ("client,t0,t10\n1,2\n", "FILE at row 2: has 2 columns"),
        ("client,t10,t0\n1,2,3\n", "FILE at row 1: has times that go back"),
        (
            "client,t0,t10\n1,2,\n",
            "FILE at row 2, column t10: is empty: give a rate, or say with --gaps hold or --gaps zero",
        ),
        ("client,t0,t10\n1,2,3\n1,2,3\n", "FILE at row 3: stands there already"),
        ("service,minute,requests\nc,1,5\nc,0,5\n", 'FILE at row 3, column minute: "c" goes back in time'),
        (
            f"service,minute,requests\nc,{'1' * 5000},5\n",
            "FILE at row 2, column minute: must be a whole number of minutes from the start, within a year, got",
        ),
        ("service,minute,requests\nc,²,5\n", "FILE at row 2, column minute: must be a whole number of minutes"),
        ("service,minute,requests\nc,1,-5\n", "FILE at row 2, column requests: must not be negative"),
        (AZURE, "FILE at row 1: does not say whose requests they are"),
        (BURSTGPT + "3,GPT-4,1,1,2,API log\n", "FILE at row 5: goes back in time"),
        (BURSTGPT + "x,GPT-4,1,1,2,API log\n", "FILE at row 5, column Timestamp: must be a number"),
    ],
)
def test_what_is_wrong_names_its_row(tmp_path: Path, text: str, said: str) -> None:
    """Each fault with its row, its column where there is one, and the rule."""
    assert faults(tmp_path, text).startswith(said)


def test_mooncake_names_its_line(tmp_path: Path) -> None:
    """A line that is no JSON, one without a time, one that goes back."""
    assert "FILE at row 4: is not JSON" in faults(tmp_path, MOONCAKE + "{]}\n", "t.jsonl", component="k")
    assert "FILE at row 4, $.timestamp: is required" in faults(tmp_path, MOONCAKE + "{}\n", "t.jsonl", component="k")
    back = MOONCAKE + '{"timestamp": 0}\n'
    assert "FILE at row 4: goes back in time" in faults(tmp_path, back, "t.jsonl", component="k")


def test_gaps_may_be_filled(tmp_path: Path) -> None:
    """As the user says: with the rate before, or with none."""
    text = "component,time,rate\na,0,1\nb,0,2\nb,9,2\na,18,3\nb,18,2\n"
    assert read(tmp_path, text, gaps="hold").rates[:, 0].tolist() == [1_000_000, 1_000_000, 3_000_000]
    assert read(tmp_path, text, gaps="zero").rates[:, 0].tolist() == [1_000_000, 0, 3_000_000]


def test_empty_cells_are_gaps(tmp_path: Path) -> None:
    """In a table with a column a time, too: filled as the user says, and a wrong number stays one."""
    text = "client,t0,t10,t20,t30\na,,2,,3\nb,1,1,1,1\n"
    assert read(tmp_path, text, gaps="hold").rates[:, 0].tolist() == [0, 2_000_000, 2_000_000, 3_000_000]
    assert read(tmp_path, text, gaps="zero").rates[:, 0].tolist() == [0, 2_000_000, 0, 3_000_000]
    assert "row 2, column t0: is empty: give a rate, or say with --gaps hold or --gaps zero" in faults(tmp_path, text)
    assert "row 3, column t20: must be" in faults(tmp_path, text.replace("1,1,1,1", "1,1,x,1"), gaps="hold")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("component,time,rate\nchat,0,1\nchta,0,1\nchat,9,1\nchta,9,1\n", "row 3, column component"),
        ("client,t0,t10\nchat,1,2\nchta,1,2\n", "row 3, column client"),
        ("service,minute,requests\nchat,0,9\nchat,1,9\nchta,0,9\n", "row 4, column service"),
        ("Timestamp,Model\n5,chat\n6,chat\n7,chat\n8,chta\n9,chta\n", "row 5, column Model"),
    ],
)
def test_unknown_components_name_their_row(tmp_path: Path, text: str, where: str) -> None:
    """The first row of each, in every kind of file that names components, also after the rates were changed."""
    traffic = read(tmp_path, text).times_factor(1.5)

    with pytest.raises(DocumentError) as error:
        traffic.check(["chat", "code"])
    said = str(error.value).replace(str(tmp_path / "rates.csv"), "FILE")
    assert said == (
        f"FILE at {where}: is no component of the problem (--name FILE=COMPONENT gives it to one); "
        f'did you mean "chat"?, got "chta"'
    )
    traffic.check(["chat", "chta"])


def test_a_damaged_archive(tmp_path: Path) -> None:
    """It is told as a file that can't be read."""
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(LISTED.encode())[:-12])
    with pytest.raises(DocumentError, match="can't be read"):
        read_traffic(tmp_path / "x.csv.gz")


def test_steps_keep_every_request() -> None:
    """Means over steps of any length add up to the requests of the traffic, to half a micro-request a second."""
    rng = np.random.default_rng(4)
    times = np.concatenate([[0], np.cumsum(rng.integers(1, 900, 40))])
    rates = rng.integers(0, 10**9, (41, 3))
    traffic = Traffic(("a", "b", "c"), times, int(times[-1]) + 60, rates)
    requests = (rates * np.diff(np.append(times, traffic.end))[:, None]).sum(axis=0)
    for every in (1, 7, 60, traffic.end):
        count = traffic.end // every
        found = traffic.steps(every)
        assert found.shape == (count, 3)
        if traffic.end % every == 0:
            assert (abs(found.sum(axis=0) * every - requests) <= count * every / 2).all()
    assert traffic.steps(600, until=1200).shape == (2, 3)


def test_nothing_beyond_the_traffic_is_played() -> None:
    """A step that is longer than what is played is refused; one that is just as long is the only one."""
    traffic = Traffic(("a",), np.array([0, 600]), 1200, np.array([[10], [30]]))

    assert traffic.steps(1200).tolist() == [[20]]
    assert traffic.steps(600, until=10**6).tolist() == [[10], [30]]
    with pytest.raises(UsageError, match="a step of 1,201 seconds is longer than the traffic, which ends after 1,200"):
        traffic.steps(1201)
    with pytest.raises(UsageError, match="a step of 600 seconds is longer than the 599 seconds that are played"):
        traffic.steps(600, until=599)


def test_schedules_see_utc_whatever_the_offset(tmp_path: Path) -> None:
    """Half past nine at +02:00 is half past seven in UTC, in which schedules are; so it is in Azure's trace."""
    text = "component,time,rate\na,2026-11-30T09:30+02:00,1\na,2026-11-30T08:00Z,2\n"
    traffic = read(tmp_path, text)
    assert (traffic.week_second, traffic.times.tolist()) == (7 * 3600 + 1800, [0, 1800])

    text = "TIMESTAMP,ContextTokens,GeneratedTokens\n2026-11-30 09:30:00.0000001+02:00,1,1\n2026-11-30 07:31:00Z,1,1\n"
    traffic = read(tmp_path, text, component="a")
    assert (traffic.week_second, traffic.times.tolist()) == (7 * 3600 + 1800, [0, 60])
    assert "must be a time" in faults(tmp_path, "component,time,rate\na,0001-01-01T00:00+02:00,1\n")


@pytest.mark.parametrize(
    "text",
    [
        "component,time,rate\na,8h,1\na,9h,1\n",
        "component,time,rate\na,7d,1\na,176h,0\na,177h,1\n",
        "name,t480,t540\na,1,1\n",
        "name,h8,h9\na,1,1\n",
        "service,minute,requests\na,480,60\na,540,60\n",
    ],
)
def test_times_without_dates_keep_their_hour(tmp_path: Path, text: str) -> None:
    """A file that begins at eight begins at eight for schedules; the traffic itself begins at its first row."""
    traffic = read(tmp_path, text)
    assert traffic.times[0] == 0
    assert traffic.of(("a", "b")).week_second == (0 if "7d" in text else 8 * 3600)


def test_a_hole_in_all_components(tmp_path: Path) -> None:
    """Times that a regular file lacks altogether are found; a file that says when rates change has none."""
    regular = "component,time,rate\n" + "".join(f"a,{600 * k},1\n" for k in range(30) if not 10 < k < 16)
    traffic = read(tmp_path, regular)
    assert traffic.longest_hole() == (10, 3600)
    assert traffic.moment(6000) == "6000 s"
    dated = read(tmp_path, "component,time,rate\na,2026-11-30T09:30+02:00,1\n")
    assert (dated.longest_hole(), dated.moment(60)) == (None, "2026-11-30T07:31:00+00:00")
    changes = "component,time,rate\n" + "".join(f"a,{600 * k * k},1\n" for k in range(30))
    assert read(tmp_path, changes).longest_hole() is None


@pytest.mark.parametrize(
    ("text", "left", "says"),
    [
        (LISTED, "c", 'FILE has no "c"; known: a, b'),
        (BURSTGPT, "ChatGTP", 'FILE has no "ChatGTP"; did you mean "ChatGPT"?'),
        (SERVEGEN, "62", 'FILE has no "62"; known: 61, 142'),
        (COUNTED, "cod", 'FILE has no "cod"; did you mean "code"?'),
        (AZURE, "code", 'FILE has no "code"; it names no components; --component says whose it is'),
    ],
)
def test_a_name_that_the_file_does_not_have(tmp_path: Path, text: str, left: str, says: str) -> None:
    """It was ignored: its requests went to nobody, or to a component of the file's own name."""
    with pytest.raises(UsageError) as error:
        read(tmp_path, text, names={left: "chat"}, component="chat")
    assert str(error.value).replace(str(tmp_path / "rates.csv"), "FILE") == f"name: {says}"


@pytest.mark.parametrize("header", ["Component,Time,Rate", "timestamp,contexttokens,generatedtokens"])
def test_columns_in_other_letters(tmp_path: Path, header: str) -> None:
    """The message has the columns as they must be spelled."""
    told = faults(tmp_path, f"{header}\na,0,1\n")
    assert "must spell its columns " in told
    assert told.rpartition("columns ")[2].partition(":")[0].replace(" ", "").lower() == header.lower()

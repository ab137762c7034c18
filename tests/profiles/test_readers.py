"""What each tool writes becomes the same rows; what is damaged is named by row and column, or by its path."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from placement.errors import DocumentError, PlacementError, UsageError
from placement.profiles import Given, Profile, read_profiles, to_csv
from placement.profiles.importing import canonical
from placement.profiles.profile import COLUMNS
from tests.profiles import samples

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "published"
ON_TWO_H100 = Given(accelerator="H100", accelerators=2)
ROW = Profile("m", "H100", 2, "vllm", "0.19", "bf16", 512, 128, 80.5, 9.25, 12.0, 70.5, "a.json, mean")


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """A function that writes a document to a file, and gives the file."""

    def write(document: Any, name: str = "bench.json") -> Path:
        path = tmp_path / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return write


def test_vllm_bench(write: Any) -> None:
    """Tokens of a request on average; the statistic that is asked for; what it lacks is given."""
    (row,) = read_profiles(write(samples.VLLM_BENCH), ON_TWO_H100)

    assert (row.model, row.accelerator, row.accelerators, row.engine) == ("Qwen/Qwen3-8B", "H100", 2, "vllm")
    assert (row.input_tokens, row.output_tokens, row.requests_per_second) == (1024, 256, 4.0)
    assert (row.ttft_ms, row.tpot_ms, row.source) == (120.5, 20.25, "bench.json, mean")
    (slow,) = read_profiles(write(samples.VLLM_BENCH), ON_TWO_H100, statistic="p99")
    assert (slow.ttft_ms, slow.tpot_ms, slow.source) == (400.0, 30.0, "bench.json, p99")
    with pytest.raises(DocumentError, match=r"mean_ttft_ms: stands alone: the run has no p95"):
        read_profiles(write(samples.VLLM_BENCH), ON_TWO_H100, statistic="p95")
    with pytest.raises(UsageError, match=r"which accelerator it was .* and how many of them a copy has"):
        read_profiles(write(samples.VLLM_BENCH))


@pytest.mark.parametrize("time", ["ttft", "tpot"])
def test_a_time_of_zero_was_not_measured(time: str, write: Any) -> None:
    """vLLM writes 0 where the server does not stream; nobody knows whether such a run keeps a limit."""
    (row,) = read_profiles(write(samples.VLLM_BENCH | {f"mean_{time}_ms": 0.0}), ON_TWO_H100)
    zero = replace(ROW, ttft_ms=0.0) if time == "ttft" else replace(ROW, tpot_ms=0.0)
    (again,) = read_profiles(write(to_csv([zero]), "p.csv"))

    assert getattr(row, f"{time}_ms") is getattr(again, f"{time}_ms") is None


def test_one_document_a_line(write: Any) -> None:
    """vLLM's --append-result."""
    lines = "\n".join(
        json.dumps(samples.VLLM_BENCH | {"request_throughput": rate, "duration": 200 / rate}) for rate in (2.0, 4.0)
    )

    rows = read_profiles(write(lines, "results.jsonl"), ON_TWO_H100)

    assert [row.requests_per_second for row in rows] == [2.0, 4.0]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (samples.VLLM_BENCH | {"completed": 180, "failed": 20, "duration": 45}, "20 of 200 requests failed"),
        (
            {key: value for key, value in samples.VLLM_BENCH.items() if key != "failed"}
            | {"completed": 150, "duration": 37.5},
            "50 of 200 requests failed",
        ),
        (
            samples.GUIDELLM
            | {
                "benchmarks": [
                    {
                        "metrics": samples.GUIDELLM["benchmarks"][0]["metrics"]
                        | {"request_totals": {"successful": 90, "errored": 10, "incomplete": 3, "total": 103}}
                    }
                ]
            },
            "10 of 100 requests failed",
        ),
    ],
)
def test_requests_that_failed_are_told(write: Any, document: dict[str, Any], words: str) -> None:
    """When they are read, and by each row that is made of them."""
    told: list[str] = []
    (row,) = read_profiles(write(document, "bench.json"), ON_TWO_H100, tell=told.append)

    assert words in row.source
    assert row.statistic == "mean"
    assert len(told) == 1
    assert f"bench.json: {words}: its requests a second and its times are of those that were served" in told[0]


def test_requests_of_an_llm_d_report_that_failed_are_told(write: Any) -> None:
    """The report does not say whether its total counts them."""
    report = json.loads(json.dumps(samples.LLM_D))
    report["results"]["request_performance"]["aggregate"]["requests"]["failures"] = 4
    (row,) = read_profiles(write(report, "report.json"))

    assert row.source == "report.json, mean, 4 requests failed"


@pytest.mark.parametrize(("rate", "is_it"), [(4.0, True), (4.03, True), (4.5, False), (3.5, False)])
def test_a_rate_is_what_was_served_over_the_time(write: Any, rate: float, is_it: bool) -> None:
    """One that was rounded is taken, another is refused with what it must be."""
    path = write(samples.VLLM_BENCH | {"request_throughput": rate})
    if is_it:
        assert read_profiles(path, ON_TWO_H100)[0].requests_per_second == rate
    else:
        with pytest.raises(
            DocumentError, match=r"request_throughput: must be completed / duration, which is 200 / 50 s = 4: "
        ):
            read_profiles(path, ON_TWO_H100)


@pytest.mark.parametrize("text", ["# A page\n\n- `code` and words\n", "words alone", "12", "INFO 11-28 start: [done\n"])
def test_files_of_no_benchmark(write: Any, text: str) -> None:
    """A page or a log is told to be none, not to be damaged YAML."""
    with pytest.raises(DocumentError, match="is neither JSON nor YAML of a benchmark, nor a CSV"):
        read_profiles(write(text, "notes.md"), ON_TWO_H100)


def test_damage_in_a_line_is_told_with_its_number(write: Any) -> None:
    """Also of a run that was broken off, and of all lines at once."""
    line = json.dumps(samples.VLLM_BENCH)
    odd = json.dumps({**samples.VLLM_BENCH, "request_throughput": "4.0"})
    path = write(f"{line}\n\n{odd}\n{line[:200]}")

    with pytest.raises(DocumentError) as caught:
        read_profiles(path, Given(accelerator="L4", accelerators=1))

    assert [fault.path for fault in caught.value.faults] == ["line 3, $.request_throughput", "line 4, $"]
    assert "at line 4 column 201" in str(caught.value)


def test_guidellm(write: Any) -> None:
    """A row a rate; a benchmark in which nothing was served is none; another version is refused."""
    rows = read_profiles(write(samples.GUIDELLM), ON_TWO_H100, statistic="p95")

    assert [(row.model, row.requests_per_second, row.ttft_ms, row.tpot_ms) for row in rows] == [
        ("Qwen/Qwen3-8B", 1.0, 150.0, 30.0),
        ("Qwen/Qwen3-8B", 4.0, 600.0, 30.0),
    ]
    assert (rows[0].input_tokens, rows[0].output_tokens) == (512, 128)
    old = {**samples.GUIDELLM, "metadata": {"version": 1}}
    with pytest.raises(DocumentError, match=r"\$\.metadata\.version: must be 2.*got 1"):
        read_profiles(write(old), ON_TWO_H100)


def test_llm_d_report(write: Any) -> None:
    """Of one of three replicas on four GPUs each; seconds become milliseconds; JSON and YAML."""
    (row,) = read_profiles(write(samples.LLM_D), statistic="p99")

    assert (row.model, row.accelerator, row.accelerators) == ("meta-llama/Llama-3.1-70B-Instruct", "H100", 4)
    assert (row.engine, row.version, row.requests_per_second) == ("vllm", "0.19.0", 3.0)
    assert (row.input_tokens, row.output_tokens, row.ttft_ms, row.tpot_ms) == (1024, 256, 500.0, 25.0)
    assert row.memory_gib == 71.5
    assert (
        read_profiles(write("# a report\n" + json.dumps(samples.LLM_D), "report.yaml"), statistic="p99")[0].tpot_ms
        == 25.0
    )
    odd = copy.deepcopy(samples.LLM_D)
    odd["results"]["observability"]["components"][0]["aggregate"]["gpu_memory_usage"]["units"] = []
    assert read_profiles(write(odd))[0].memory_gib is None
    uncounted = copy.deepcopy(samples.LLM_D)
    uncounted["scenario"]["stack"][1]["standardized"]["accelerator"] |= {"count": 0, "parallelism": {"tp": 1}}
    with pytest.raises(UsageError, match=r"does not say how many of them a copy has \(--accelerators\);"):
        read_profiles(write(uncounted))


def test_llm_d_with_prefill_and_decode_apart(write: Any) -> None:
    """Two prefill replicas of one GPU and six decode replicas of four are two copies of 13 GPUs; both of one kind."""
    apart = copy.deepcopy(samples.LLM_D)
    decode = apart["scenario"]["stack"][1]
    decode["standardized"] |= {"role": "decode", "replicas": 6}
    prefill = copy.deepcopy(decode)
    prefill["standardized"] |= {"role": "prefill", "replicas": 2}
    prefill["standardized"]["accelerator"] |= {"count": 1, "parallelism": {"tp": 1}}
    apart["scenario"]["stack"].append(prefill)

    (row,) = read_profiles(write(apart))

    assert (row.accelerators, row.requests_per_second) == (13, 4.5)
    assert row.source == "bench.json, mean, prefill and decode apart"
    prefill["standardized"]["accelerator"]["model"] = "L40S"
    with pytest.raises(DocumentError, match=r"stack\[2\]\.standardized\.accelerator\.model: must be the same"):
        read_profiles(write(apart))


def test_aibrix(write: Any) -> None:
    """A row for each size that keeps the limits; the limits are in the source."""
    rows = read_profiles(write(samples.AIBRIX), Given(model="llama2-7b", accelerators=1))

    assert [(row.output_tokens, row.input_tokens, row.requests_per_second, row.ttft_ms) for row in rows] == [
        (64, 512, 12.0, 100.0),
        (64, 1024, 6.0, 200.0),
        (128, 512, 3.0, 300.0),
    ]
    assert rows[0].source == "bench.json, AIBrix, p99, limits e2e 5 s"
    with pytest.raises(DocumentError, match=r"\$\.tputs: must have 2 rows of 2 numbers"):
        read_profiles(write(samples.AIBRIX | {"tputs": [[1]]}), Given(model="m", accelerators=1))


def test_melange(write: Any) -> None:
    """What a GPU serves of the mix: buckets take turns. A GPU that can't serve one of them is left out."""
    rows = read_profiles(write(samples.MELANGE), Given(model="llama2-7b", accelerators=1))

    assert [row.accelerator for row in rows] == ["A10G", "A100-80GB"]
    assert rows[0].requests_per_second == pytest.approx(1 / (0.2 / 2 + 0.1 / 1 + 0.5 / 5 + 0.2 / 2))
    for parts, words in (([[0.2, 0.1], [0.5]], "rows of one length"), ([[0, 0], [0, 0]], "a part above 0")):
        with pytest.raises(DocumentError, match=rf"\$\.workload_distribution: must have {words}"):
            read_profiles(write(samples.MELANGE | {"workload_distribution": parts}), Given(model="m", accelerators=1))


def test_sagemaker(write: Any) -> None:
    """Two copies of two GPUs on each of two machines share the expected rate; Inference Recommender counts minutes."""
    (row,) = read_profiles(write(samples.SAGEMAKER))

    assert (row.model, row.accelerator, row.accelerators, row.requests_per_second) == ("qwen3-8b", "H100", 2, 2.0)
    assert (row.ttft_ms, row.tpot_ms) == (150.0, 12.5)
    assert read_profiles(write(samples.SAGEMAKER), statistic="p99")[0].ttft_ms == 400.0
    (older,) = read_profiles(write(samples.INFERENCE_RECOMMENDER))
    assert (older.model, older.accelerator, older.accelerators, older.requests_per_second) == ("bert", "A10G", 1, 20.0)
    unknown = copy.deepcopy(samples.SAGEMAKER)
    unknown["Recommendations"][0]["DeploymentConfiguration"]["InstanceType"] = "ml.p5.48xl"
    with pytest.raises(DocumentError, match=r'InstanceType: .*did you mean "ml\.p5\.48xlarge'):
        read_profiles(write(unknown))


def test_aiconfigurator(write: Any) -> None:
    """Names of systems are the catalogue's; rates are of all GPUs of a row."""
    rows = read_profiles(write(samples.AICONFIGURATOR, "pareto.csv"))

    assert [(row.accelerator, row.accelerators, row.requests_per_second) for row in rows] == [
        ("L40S", 1, 5.745),
        ("L40S", 2, 6.877),
        ("H100", 1, 9.0),
    ]
    assert (rows[0].precision, rows[0].memory_gib, rows[0].source) == (
        "bfloat16",
        38.554,
        "pareto.csv, modelled, concurrency 128",
    )
    damaged = samples.AICONFIGURATOR.replace("314.0", "soon").replace("9.0,9.0,1,", "9.0,9.0,1.5,")
    with pytest.raises(DocumentError) as caught:
        read_profiles(write(damaged, "pareto.csv"))
    assert [fault.path for fault in caught.value.faults] == ["row 3, column ttft", "row 4, column num_total_gpus"]


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason=f"no published data at {PUBLISHED}")
@pytest.mark.parametrize("name", ["pareto", "best_topn"])
def test_published_aiconfigurator(name: str) -> None:
    """The files as aiconfigurator 0.12 wrote them."""
    rows = read_profiles(PUBLISHED / "vllm-memory" / f"aiconfigurator_{name}_llama31-8b_l40s_vllm.csv")

    assert {row.accelerator for row in rows} == {"L40S"}
    assert all(row.ttft_ms and row.tpot_ms and row.memory_gib for row in rows)


# --- Our own table


def test_a_table_reads_as_it_was_written(write: Any) -> None:
    """All columns, empty ones too."""
    rows = [ROW, Profile("n, with a comma", "L4", 1, "", "", "", None, None, None, None, 0.5, None, "")]

    assert read_profiles(write(to_csv(rows), "profile.csv")) == rows


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("placement-profile/v1", "placement-profile/v9"), r"row 2, column format: must be placement-profile/v1"),
        ((",12,", ",twelve,"), r'row 2, column requests_per_second: must be a number, got "twelve"'),
        ((",12,", ",0,"), "requests_per_second: must be above 0"),
        ((",12,", ",nan,"), "requests_per_second"),
        (("H100,2,", "H100,1.5,"), "row 2, column accelerators: must be a whole number"),
        (("m,H100", ",H100"), "row 2, column model: must not be empty"),
        (("tpot_ms", "tpot"), r'row 1: has a column that the format has not; did you mean "tpot_ms"'),
        ((",70.5,", ","), "row 2: has 13 columns, the first row has 14"),
    ],
)
def test_damaged_tables_name_row_and_column(change: tuple[str, str], words: str, write: Any) -> None:
    """Where, what rule, what value."""
    text = to_csv([ROW])
    assert change[0] in text

    with pytest.raises(PlacementError, match=words):
        read_profiles(write(text.replace(*change), "profile.csv"))


def test_a_missing_column_is_told_once(write: Any) -> None:
    """And not of each row; with the name that was meant, where a column is unknown."""
    ours = "\n".join([*to_csv([ROW, ROW]).splitlines()]).replace("requests_per_second", "request_per_second", 1)
    names, *rows = (line.split(",") for line in samples.AICONFIGURATOR.strip().splitlines())
    without = {names.index("ttft"), names.index("seq/s")}
    theirs = "\n".join(
        ",".join(cell for column, cell in enumerate(row) if column not in without) for row in (names, *rows)
    )
    found = []
    for text in (ours, theirs):
        with pytest.raises(DocumentError) as caught:
            read_profiles(write(text, "profile.csv"))
        found.append([(fault.path, fault.rule) for fault in caught.value.faults])

    unknown, missing = found[0]
    assert unknown[1].endswith('the format has not; did you mean "requests_per_second"?')
    assert missing == ("row 1", "must name the column requests_per_second")
    assert found[1] == [("row 1", "must name the columns ttft, seq/s")]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (samples.GUIDELLM, "$.benchmarks[2]: no request was served"),
        (samples.AIBRIX, "$.tputs: 1 of 4 sizes of requests, without a rate within the limits"),
        (samples.MELANGE, "$.gpu_info.T4: it serves none of a size that the workload has"),
        (
            samples.SAGEMAKER | {"Recommendations": samples.SAGEMAKER["Recommendations"] * 2},
            "$.Recommendations[1]: it has no rate of requests",
        ),
        (
            samples.INFERENCE_RECOMMENDER
            | {"InferenceRecommendations": samples.INFERENCE_RECOMMENDER["InferenceRecommendations"] * 2},
            "$.InferenceRecommendations[1]: it has no most of invocations",
        ),
    ],
    ids=["guidellm", "aibrix", "melange", "sagemaker", "inference"],
)
def test_what_is_no_measurement_is_told(document: dict[str, Any], told: str, write: Any) -> None:
    """Each part of a file that none is made of; with nothing else in it, as the error."""
    document = copy.deepcopy(document)
    rows = document.get("Recommendations") or document.get("InferenceRecommendations")
    if rows:
        rows[1] = copy.deepcopy(rows[1])
        rows[1].pop("Metrics", None)
        if "ExpectedPerformance" in rows[1]:
            rows[1]["ExpectedPerformance"] = []
    given = Given(model="" if "benchmarks" in document or rows else "m", accelerators=2 if not rows else None)
    if "benchmarks" in document:
        given = replace(given, accelerator="H100")
    notes: list[str] = []
    path = write(document)

    assert read_profiles(path, given, tell=notes.append)
    assert [note.removeprefix(f"{path}: not used: ") for note in notes] == [told]
    if rows:
        rows.pop(0)
        with pytest.raises(DocumentError, match=r"has no measurement; \$\."):
            read_profiles(write(document), given)


def test_what_a_file_lacks_is_not_made_up(write: Any) -> None:
    """A rate that is missing is damage; tokens that are not counted are not 0; a stack that is not told is remarked."""
    damaged = copy.deepcopy(samples.GUIDELLM)
    del damaged["benchmarks"][0]["metrics"]["requests_per_second"]["successful"]["mean"]
    with pytest.raises(DocumentError, match=r"metrics\.requests_per_second\.successful\.mean: is required"):
        read_profiles(write(damaged), ON_TWO_H100)
    (pooled,) = read_profiles(
        write({key: value for key, value in samples.VLLM_BENCH.items() if key != "total_output_tokens"}), ON_TWO_H100
    )
    (alone,) = read_profiles(
        write({key: value for key, value in samples.LLM_D.items() if key != "scenario"}),
        replace(ON_TWO_H100, model="m"),
    )

    assert pooled.output_tokens is None
    assert alone.source.endswith("mean, of a stack that is not described, taken for one copy")
    assert alone.statistic == "mean"


def test_rows_of_another_width_are_told_with_the_faults_of_the_others(write: Any) -> None:
    """Of our own table and of aiconfigurator's."""
    name, row = to_csv([ROW]).splitlines()
    ours = "\n".join([name, row.replace("H100,2,", "H100,1.5,"), row + ",more"])
    header, first, *_ = samples.AICONFIGURATOR.strip().splitlines()
    cells = first.split(",")
    cells[header.split(",").index("seq/s")] = "many"
    theirs = "\n".join([header, ",".join(cells), first + ",more"])
    for text, column in ((ours, "accelerators"), (theirs, "seq/s")):
        with pytest.raises(DocumentError) as caught:
            read_profiles(write(text, "profile.csv"))
        assert [fault.path for fault in caught.value.faults] == ["row 3", f"row 2, column {column}"]


def test_files_of_no_known_tool(write: Any) -> None:
    """The message says what is known."""
    with pytest.raises(DocumentError, match=r"no tool that is known here.*GuideLLM.*request_throughput"):
        read_profiles(write({"hello": 1}))
    with pytest.raises(DocumentError, match="no CSV that is known here"):
        read_profiles(write("a,b\n1,2\n", "x.csv"))
    with pytest.raises(DocumentError, match="is empty"):
        read_profiles(write("", "x.csv"))
    with pytest.raises(DocumentError, match=r"is not JSON: .* at line 1 column 2"):
        read_profiles(write("{", "x.json"))


def test_a_table_has_the_names_of_the_catalogue_and_what_is_given(write: Any) -> None:
    """As other files: accelerators under our names, empty cells filled, and what both say must agree."""
    head = "format,model,accelerator,accelerators,engine,requests_per_second\n"
    known = [canonical(name) for name in ("a100_sxm", "b200_sxm", "b300_sxm", "h200_sxm", "rtx_pro_6000_server")]
    assert known == ["A100-80GB", "B200", "B300", "H200", "RTX-PRO-6000"]  # aiconfigurator's
    path = write(
        f"{head}placement-profile/v1,m,NVIDIA-L40S,1,,5\nplacement-profile/v1,m,NVIDIA-H100-80GB-HBM3,1,sglang,9\n"
    )

    assert [row.accelerator for row in read_profiles(path)] == ["L40S", "H100"]
    assert [row.precision for row in read_profiles(path, Given(precision="fp8"))] == ["fp8", "fp8"]
    with pytest.raises(UsageError, match="is of engine sglang, and vllm was given"):
        read_profiles(path, Given(engine="vllm"))
    with pytest.raises(UsageError, match="is of accelerator L40S, and H100 was given"):
        read_profiles(path, Given(accelerator="H100"))
    with pytest.raises(UsageError, match="is of model m, and n was given"):
        read_profiles(path, Given(model="n"))


def test_what_is_given_must_agree(write: Any) -> None:
    """A file that says otherwise is not overruled."""
    with pytest.raises(UsageError, match="is of accelerator H100, and H200 was given"):
        read_profiles(write(samples.LLM_D), Given(accelerator="H200"))
    assert read_profiles(write(samples.LLM_D), Given(accelerator="NVIDIA-H100-80GB-HBM3"))[0].accelerator == "H100"


ODD = [None, True, -1, 0, 1.5, 1e300, 10**400, "", "x", [], [1], {}, {"a": 1}, "\ud800"]
DOCUMENTS = [samples.VLLM_BENCH, samples.GUIDELLM, samples.LLM_D, samples.AIBRIX, samples.MELANGE, samples.SAGEMAKER]


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a document below its root."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield (*path, key)
        yield from places(value, (*path, key))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_documents_are_read_or_refused(write: Any, data: st.DataObject) -> None:
    """Something odd in one place, or nothing there any more."""
    document = copy.deepcopy(data.draw(st.sampled_from([*DOCUMENTS, samples.INFERENCE_RECOMMENDER])))
    *way, last = data.draw(st.sampled_from(list(places(document))))
    node = document
    for key in way:
        node = node[key]
    if data.draw(st.booleans()):
        node[last] = data.draw(st.sampled_from(ODD))
    else:
        del node[last]

    try:
        rows = read_profiles(write(document), Given(model="m", accelerator="H100", accelerators=1))
    except PlacementError:
        return
    assert all(row.requests_per_second > 0 for row in rows)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_tables_are_read_or_refused(write: Any, data: st.DataObject) -> None:
    """Pieces of a table cut out, or put in, at random."""
    text = data.draw(st.sampled_from([to_csv([ROW, ROW]), samples.AICONFIGURATOR]))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    piece = data.draw(st.text(alphabet='0123456789.,"-en\n', max_size=6))

    try:
        rows = read_profiles(
            write(text[:start] + piece + text[end:], "x.csv"), Given(model="m", accelerator="L4", accelerators=1)
        )
    except PlacementError:
        return
    assert all(isinstance(row, Profile) for row in rows)


def test_columns_are_those_of_the_format() -> None:
    """The order of the format, which others write too."""
    assert COLUMNS == (
        "format", "model", "accelerator", "accelerators", "engine", "version", "precision", "input_tokens",
        "output_tokens", "ttft_ms", "tpot_ms", "requests_per_second", "memory_gib", "source",
    )  # fmt: skip

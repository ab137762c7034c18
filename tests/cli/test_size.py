"""``placement size`` as a user runs it."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from placement.documents.rows import Component
from placement.documents.yaml_text import parse_yaml
from placement.sizing.sizing import ROW_KEYS
from tests.cli.test_solve import run
from tests.sizing.test_architectures import PLAIN
from tests.sizing.test_files import INFO, LINES

if TYPE_CHECKING:
    from pathlib import Path

ISSUE = (
    "--accelerator", "H100", "--tensor-parallel", "2", "--engine", "vllm=0.19", "--max-num-seqs", "1024",
    "--max-num-batched-tokens", "8192", "--utilization", "0.95", "--weights-gib", "8.1",
)  # fmt: skip


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config of Llama 3.1 8B's shape."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(PLAIN))
    return path


def test_json_has_exactly_the_keys(config: Path) -> None:
    """One row for one accelerator and one degree; the sum of all parts is no more than the total."""
    done = run("size", config, *ISSUE, "--format", "json")

    assert done.exit_code == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert tuple(row) == ROW_KEYS
    assert (row["accelerator"], row["tensor_parallel"], row["weights_gib"], row["fits"]) == ("H100", 2, 8.1, True)
    parts = ("context", "weights", "activation", "non_torch", "graphs", "kv")
    assert sum(row[f"{part}_gib"] for part in parts) <= row["total_gib"] + 0.05
    assert row["total_gib"] - row["margin_gib"] == pytest.approx(sum(row[f"{part}_gib"] for part in parts), abs=0.05)
    assert row["flags"][:2] == ["--tensor-parallel-size 2", "--max-num-seqs 1024"]
    assert (row["usable_gib"], row["reason"], row["stages"]) == (79.19, "", [])
    assert row["kv_tokens"] == pytest.approx((79.19 * 0.95 - 8.1 - 1.89 - 2.08) * 2**30 / 65536, rel=0.002)


def test_given_weights_override_a_damaged_checkpoint(config: Path) -> None:
    """On the command line too."""
    (config.parent / "model.safetensors").write_bytes(b"damage")

    assert run("size", config, *ISSUE).exit_code == 0
    assert run("size", config, "--accelerator", "H100").exit_code == 2


def test_a_model_without_a_longest_context(config: Path) -> None:
    """The flags have none, which would be all tokens of the cache, and a note says so; not where it is given."""
    config.write_text(json.dumps({key: value for key, value in PLAIN.items() if key != "max_position_embeddings"}))

    done = run("size", config, *ISSUE, "--format", "json")
    given = run("size", config, *ISSUE, "--format", "json", "--context-length", "4096")

    assert "--max-model-len" not in done.stdout
    assert "the config names no longest context" in done.stderr
    assert "--max-model-len 4096" in given.stdout
    assert "longest context" not in given.stderr


def test_more_stages_than_layers(config: Path) -> None:
    """Do not fit, and no note is of a stage without layers."""
    done = run("size", config, "--accelerator", "H100", "--tensor-parallel", "1", "--pipeline-parallel", "33")

    assert "32 layers can't be split over 33 stages" in done.stdout
    assert "stage 33" not in done.stderr


def test_all_unknown_accelerators_are_told_at_once(config: Path) -> None:
    """As in `--gpu` of other commands."""
    done = run("size", config, "--accelerator", "H1000", "--accelerator", "L4x")
    other = run("catalogue", "list", "--gpu", "H1000", "--gpu", "L4x")

    for ending in (done, other):
        assert ending.exit_code == 2
        assert '"H1000" is in the catalogue; did you mean' in ending.stderr
        assert 'no accelerator "L4x"' in " ".join(ending.stderr.split())


def test_a_startup_log_tells_the_accelerator(config: Path) -> None:
    """The one whose memory is nearest to what the log reports, at the log's degree."""
    log = config.parent / "vllm.log"
    log.write_text("\n".join(LINES))

    done = run("size", config, "--startup-log", log, "--format", "json")
    other = run("size", config, "--startup-log", log, "--accelerator", "L4")

    (row,) = json.loads(done.stdout)
    assert (row["accelerator"], row["tensor_parallel"], row["kv_tokens"]) == ("H100", 2, 1_044_688)
    assert other.exit_code == 2
    assert "79.19 GiB" in other.stderr


def test_a_startup_log_without_the_accelerators_memory(config: Path) -> None:
    """Those that would have its KV cache, in place of all."""
    log = config.parent / "vllm.log"
    log.write_text("\n".join(INFO))

    rows = json.loads(run("size", config, "--startup-log", log, "--format", "json").stdout)

    assert "H100" in [row["accelerator"] for row in rows]
    assert all(abs(row["usable_gib"] - 79.19) < 2 for row in rows)


def test_a_startup_log_tells_how_the_engine_was_started(config: Path) -> None:
    """The length, batch and type of its launch; what is given on the command line stands, and is not said measured."""
    config.write_text(json.dumps({**PLAIN, "max_position_embeddings": 131072}))
    log = config.parent / "vllm.log"
    said = "max_seq_len=8192, kv_cache_dtype=fp8, enforce_eager=True", "max_num_batched_tokens=4096."
    lines = "\n".join([*LINES, *said, "Defaulting max_num_seqs to 512 for OPENAI_API_SERVER usage context."])
    log.write_text(lines.replace("1,044,688", "2,089,376"))

    (row,) = json.loads(run("size", config, "--startup-log", log, "--format", "json").stdout)
    asked = ("--max-model-len", "4096", "--max-num-seqs", "64", "--kv-dtype", "bfloat16", "--weights-gib", "7")
    (other,) = json.loads(run("size", config, "--startup-log", log, *asked, "--format", "json").stdout)

    flags = ["--tensor-parallel-size 2", "--max-num-seqs 512", "--max-num-batched-tokens 4096", "--max-model-len 8192"]
    assert row["flags"][:4] == flags
    assert row["flags"][-2:] == ["--kv-cache-dtype fp8", "--enforce-eager"]
    assert "--max-model-len 4096" in other["flags"]
    assert (row["activation_gib"], row["weights_gib"], row["kv_tokens"]) == (1.89, 7.51, 2_089_376)
    assert (other["activation_gib"], other["weights_gib"]) != (1.89, 7.51)
    assert other["kv_tokens"] != 2_089_376


def test_a_startup_log_of_a_pipeline(config: Path) -> None:
    """Its number of stages is taken too, unless another is asked for, which is refused."""
    log = config.parent / "vllm.log"
    text = "\n".join(LINES).replace("pipeline_parallel_size=1", "pipeline_parallel_size=2")
    log.write_text(text.replace("7.51 GiB", "3.76 GiB").replace("1,044,688", "2,089,376"))

    (row,) = json.loads(run("size", config, "--startup-log", log, "--format", "json").stdout)
    other = run("size", config, "--startup-log", log, "--pipeline-parallel", "1")

    assert (row["pipeline_parallel"], len(row["stages"]), row["kv_tokens"]) == (2, 2, 2_089_376)
    assert "--pipeline-parallel-size 2" in row["flags"]
    assert other.exit_code == 2
    assert "add --pipeline-parallel 2" in other.stderr


def test_the_engines_own_spelling(config: Path) -> None:
    """vLLM's names of the same options mean the same."""
    names = {"--tensor-parallel": "--tensor-parallel-size", "--utilization": "--gpu-memory-utilization"}
    ours = run("size", config, *ISSUE, "--kv-dtype", "fp8", "--context-length", "8192", "--format", "json")

    theirs = run("size", config, *(names.get(word, word) for word in ISSUE), "--kv-cache-dtype", "fp8",
                 "--max-model-len", "8192", "--format", "json")  # fmt: skip

    assert ours.exit_code == 0
    assert theirs.stdout == ours.stdout


def test_options_are_rows_of_a_problem(config: Path) -> None:
    """They parse as YAML and are valid options; only what fits is among them."""
    done = run("size", config, "--accelerator", "H100", "--accelerator", "T4", "--format", "options")

    assert done.exit_code == 0, done.stderr
    rows = parse_yaml(done.stdout)["options"]
    component = Component.model_validate({"name": "chat", "copies": 1, "options": rows})
    assert [option.accelerators for option in component.options or ()] == [1, 2, 4, 8, 2, 4, 8]
    assert "--gpu-memory-utilization" in done.stdout


def test_a_kv_cache_that_is_asked_for(config: Path) -> None:
    """64 sequences of 8,192 tokens take 64 GiB; on an L4 they do not fit on one GPU."""
    asked = ("--concurrency", "64", "--context-length", "8192", "--tensor-parallel", "1", "--format", "json")

    done = run("size", config, "--accelerator", "H200", "--accelerator", "L4", *asked)

    large, small = json.loads(done.stdout)
    assert (large["kv_gib"], large["fits"]) == (64.01, True)
    assert large["kv_tokens"] >= 64 * 8192
    assert small["fits"] is False


def test_a_concurrency_without_a_length_is_told(config: Path) -> None:
    """The model's longest context is meant then; a copy that does not fit is not told how to start."""
    asked = ("--accelerator", "L4", "--tensor-parallel", "1", "--concurrency", "64")

    without, given = run("size", config, *asked), run("size", config, *asked, "--context-length", "512")

    assert "each sequence has the model's longest context, 8,192 tokens" in without.stderr
    assert "longest context" not in given.stderr
    assert "vllm serve" not in without.stdout


def test_the_table_and_the_flags(config: Path) -> None:
    """All accelerators that are known, or one row with the line to start the engine with."""
    everything = run("size", config)
    one = run("size", config, "--accelerator", "H100", "--tensor-parallel", "1")

    assert everything.exit_code == one.exit_code == 0
    assert everything.stdout.count("H100") > 3
    assert "vllm serve" in one.stdout
    assert "margin" in one.stdout
    lines = everything.stdout.splitlines()
    told = [line for line in lines if "--tensor-parallel-size 4" in line]
    assert any("H100 x 4" in line.partition(":")[0] and "--gpu-memory-utilization 0.92" in line for line in told)
    assert not any("T4 x 1," in line or line.startswith("T4 x 1:") for line in lines if "--tensor-parallel" in line)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--format", "yaml"), '--format: no "yaml"'),
        (("--weights-gib", "8"), "add --tensor-parallel"),
        (("--accelerator", "H101"), "did you mean"),
        (("--kv-dtype", "fp9"), '--kv-cache-dtype: no type "fp9"'),
        (("--dtype", "fp9"), '--dtype: no type "fp9"'),
        (("--utilization", "0"), "--gpu-memory-utilization must be a number above 0 and at most 1, got 0"),
        (("--memory-gib", "0"), "--memory-gib must be a number of GiB above 0"),
        (("--engine", "sglang"), "vllm"),
        (("--startup-log", "/no/such.log"), "can't be read"),
        (("--accelerator", "T4", "--tensor-parallel", "1", "--format", "options"), "no copy fits"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], words: str, config: Path) -> None:
    """Exit code 2, and a way out."""
    done = run("size", config, *arguments)

    assert done.exit_code == 2
    assert words in done.stderr


def test_an_accelerator_that_is_named_twice_is_sized_once(config: Path) -> None:
    """Also by another name of it: names of options are unique in a problem."""
    names = ("--accelerator", "H100", "--accelerator", "NVIDIA-H100-80GB-HBM3", "--accelerator", "H100")

    done = run("size", config, *names, "--tensor-parallel", "1", "--format", "options")

    assert done.exit_code == 0
    assert done.stdout.count("name: h100-tp1") == 1


def test_the_command_quotes_a_folder_for_the_shell(config: Path) -> None:
    """A folder's name is the user's: spaces, quotes and semicolons stay one word."""
    folder = config.parent / "it's; a model"
    folder.mkdir()
    config.rename(folder / "config.json")

    done = run("size", folder, "--accelerator", "H100", "--tensor-parallel", "1")

    line = next(line for line in done.stdout.splitlines() if "vllm serve" in line)
    assert shlex.split(line)[2] == folder.name


def test_a_count_that_is_too_large_is_told_with_the_most() -> None:
    """The rule that is broken, not the one that is kept."""
    done = run("size", "Qwen3-32B", "--accelerator", "H100", "--context-length", "99999999999")

    assert done.exit_code == 2
    assert "--context-length must be a whole number from 1 to 2,147,483,648, got 99999999999" in done.stderr

"""``placement profile`` as a user runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from placement.documents.rows import Component
from placement.documents.yaml_text import parse_yaml
from placement.profiles.profile import COLUMNS
from tests.cli.test_solve import run
from tests.profiles import samples

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with what three tools wrote."""
    (tmp_path / "bench.json").write_text(json.dumps(samples.VLLM_BENCH))
    (tmp_path / "report.json").write_text(json.dumps(samples.LLM_D))
    (tmp_path / "pareto.csv").write_text(samples.AICONFIGURATOR)
    return tmp_path


def test_import_writes_one_table(files: Path) -> None:
    """To a file or to stdout; a table of ours is read again beside others."""
    given = ("--accelerator", "L4", "--accelerators", "1", "--engine", "vllm=0.19.0")
    first = run("profile", "import", files / "bench.json", *given, "-o", files / "profile.csv")
    both = run("profile", "import", files / "profile.csv", files / "pareto.csv")

    assert first.exit_code == both.exit_code == 0, first.stderr + both.stderr
    lines = both.stdout.splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert lines[1].startswith("placement-profile/v1,Qwen/Qwen3-8B,L4,1,vllm,0.19.0,,1024,256,120.5,20.25,4,")
    assert len(lines) == 5


def test_options_of_one_model(files: Path) -> None:
    """They are YAML, valid in a component with demand; what keeps no limit is told."""
    done = run("profile", "options", files / "pareto.csv", "--slo-ttft", "500ms", "--slo-tpot", "50ms")

    assert done.exit_code == 0, done.stderr
    rows = parse_yaml(done.stdout)["options"]
    component = Component.model_validate({"name": "chat", "demand": 20, "options": rows})
    assert [(option.accelerators, option.throughput) for option in component.options or ()] == [(1, 9.0), (2, 6.877)]
    assert "note: m on L40S x 1: of 1 measured, none keeps the limits" in done.stderr


def test_options_of_several_models(files: Path) -> None:
    """Each is a component; which was never measured on what is told."""
    done = run("profile", "options", files / "pareto.csv", files / "report.json", "--slo-tpot", "50ms",
               "--input-tokens", "1000", "--output-tokens", "200")  # fmt: skip

    assert done.exit_code == 0, done.stderr
    components = parse_yaml(done.stdout)["components"]
    assert [component["name"] for component in components] == ["m", "meta-llama/Llama-3.1-70B-Instruct"]
    assert "note: meta-llama/Llama-3.1-70B-Instruct has no measurement on L40S" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("options", "pareto.csv", "--slo-tpot", "1ms"), "no measurement can be used within the limits"),
        (("options", "pareto.csv", "--slo-tpot", "1"), "must be a time with its unit"),
        (("options", "pareto.csv", "--model", "n"), 'no measurement is of model "n"'),
        (("options", "pareto.csv", "--accelerator", "H200"), "no measurement is on H200"),
        (("options", "bench.json"), "does not say which accelerator it was measured on (--accelerator) and"),
        (("import", "pareto.csv", "--statistic", "p98"), 'did you mean "p9'),
        (("import", "none.csv"), "can't be read"),
        (("import", "pareto.csv", "-o", "pareto.csv"), "is the same file as"),
        (("import", "pareto.csv", "-o", "pareto.csv", "--force"), "is the same file as"),
        (("import", "pareto.csv", "-o", "bench.json"), "is there already; name another file, or write over it with"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], words: str, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2, and a way out."""
    monkeypatch.chdir(files)

    done = run("profile", *arguments)

    assert done.exit_code == 2
    assert words in done.stderr


def test_import_writes_over_a_file_only_when_asked(files: Path) -> None:
    """Measurements that somebody put together stay; with --force the table is new."""
    table = files / "profile.csv"
    table.write_text("mine")

    first = run("profile", "import", files / "pareto.csv", "-o", table)
    kept = table.read_text()
    second = run("profile", "import", files / "pareto.csv", "-o", table, "--force")

    assert (first.exit_code, kept, second.exit_code) == (2, "mine", 0)
    assert table.read_text().startswith(",".join(COLUMNS))


def test_an_accelerator_that_the_catalogue_has_not_is_told(files: Path) -> None:
    """With the nearest names, or the sizes of one that has several; the measurements are kept."""
    for name, told in (("H10x", 'did you mean "H100"?'), ("A100", 'write "A100-40GB" or "A100-80GB"')):
        given = ("--accelerator", name, "--accelerators", "1")
        done = run("profile", "import", files / "bench.json", *given, "-o", files / f"{name}.csv")
        assert (done.exit_code, f"{told}; it is kept as it is written" in " ".join(done.stderr.split())) == (0, True)
        assert f'"{name}"' in run("profile", "options", files / f"{name}.csv").stderr
    assert "kept" not in run("profile", "import", files / "bench.json", "--accelerator", "h100", *given[2:]).stderr

"""`placement init`: with options alone, and its dialogue with keys that a person presses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

import placement
from placement.catalogue.market import Market
from placement.catalogue.readers import read_facts
from placement.cli.dialogue import ask
from placement.documents.yaml_text import parse_yaml
from placement.errors import DocumentError, UsageError
from placement.quickstart import Answers, ModelWish
from tests.cli.test_solve import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENTER, SPACE, UP, DOWN, INTERRUPT = "\r", " ", "\x1b[A", "\x1b[B", "\x03"


def test_options_alone_make_a_problem(tmp_path: Path) -> None:
    """It says what to do next, and the file can be solved."""
    target = tmp_path / "fleet.yaml"
    done = run("init", target, "--region", "us-east-1", "--gpu", "L4", "--model", "phi-2=2", "--survive-zones", "1")

    assert done.exit_code == 0, done.stderr
    assert "1 model, 3 instance types, 3 zones. Now: placement solve" in " ".join(done.stderr.split())
    assert placement.solve(placement.read(target)).status is placement.Status.OPTIMAL


def test_standard_output(tmp_path: Path) -> None:
    """The YAML alone."""
    done = run("init", "-", "--region", "us-east-1", "--gpu", "L4", "--model", "phi-2")

    assert (done.exit_code, done.stderr) == (0, "")
    target = tmp_path / "fleet.yaml"
    target.write_text(done.stdout)
    assert placement.read(target).components[0].name == "phi-2"


def test_rates_by_measurements(tmp_path: Path) -> None:
    """Within limits on times; what has no measurement is said."""
    (tmp_path / "profile.csv").write_text(
        "format,model,accelerator,accelerators,ttft_ms,tpot_ms,requests_per_second\n"
        "placement-profile/v1,meta-llama/Llama-3.1-8B-Instruct,L40S,1,200,30,2.5\n"
        "placement-profile/v1,meta-llama/Llama-3.1-8B-Instruct,L4,2,400,60,1.1\n"
    )
    target, model = tmp_path / "fleet.yaml", "Llama-3.1-8B-Instruct,rate=40"
    words = ("init", target, "--region", "us-east-1", "--gpu", "L40S", "--gpu", "L4", "--model", model)
    measured = ("--profile", tmp_path / "profile.csv", "--slo-tpot", "50ms")
    done = run(*words, *measured)

    assert done.exit_code == 0, done.stderr
    assert [option.throughput for option in placement.read(target).components[0].modes] == [2.5]
    assert "Llama-3.1-8B-Instruct on L4 x 2: of 1 measured, none keeps the limits" in " ".join(done.stderr.split())
    assert "add throughput=N beside the rate" in run(*words, "--force").stderr
    assert "are of measurements: add --profile FILE" in run(*words, "--force", "--slo-ttft", "1s").stderr


def test_a_statistic_of_measurements(tmp_path: Path) -> None:
    """Rows of another one are not used, and are told; with none left the file is refused."""
    (tmp_path / "profile.csv").write_text(
        "format,model,accelerator,accelerators,ttft_ms,tpot_ms,requests_per_second,source\n"
        'placement-profile/v1,phi-2,L4,1,200,30,2.5,"a.json, mean"\n'
        'placement-profile/v1,phi-2,L4,1,300,40,1.5,"a.json, p99"\n'
    )
    target = tmp_path / "fleet.yaml"
    words = ("init", target, "--region", "us-east-1", "--gpu", "L4", "--model", "phi-2,rate=4", "--force")
    measured = (*words, "--profile", tmp_path / "profile.csv", "--slo-tpot", "50ms")
    rates = []
    for more in ((), ("--statistic", "p99")):
        done = run(*measured, *more)
        assert done.exit_code == 0, done.stderr
        rates += [option.throughput for option in placement.read(target).components[0].modes]
    assert rates == [2.5, 1.5]
    assert "row 2, column source: has times of mean, and p99 is asked for" in " ".join(done.stderr.split())
    refused = run(*measured, "--statistic", "p95")
    assert refused.exit_code == 2
    assert "row 3, column source: has times of p99, and p95 is asked for" in " ".join(refused.stderr.split())
    assert "add --profile FILE" in run(*words, "--statistic", "p95").stderr


def test_json_by_the_suffix(tmp_path: Path) -> None:
    """Without comments; a zone that is named twice is one."""
    target = tmp_path / "fleet.json"
    zones = ("--zones", "use1-az1,use1-az1, use1-az2")
    done = run("init", target, "--region", "us-east-1", "--gpu", "L4", "--model", "phi-2", *zones)

    assert done.exit_code == 0, done.stderr
    assert {pool.zone for pool in placement.read(target).pools} == {"use1-az1", "use1-az2"}


def test_many_models_from_a_file(tmp_path: Path) -> None:
    """Beside those of --model."""
    (tmp_path / "models.csv").write_text("model,copies\nphi-2,3\ngemma-3-4b-it,2\n")
    target = tmp_path / "fleet.yaml"
    models = ("--from", tmp_path / "models.csv", "--model", "Qwen2.5-7B-Instruct")
    done = run("init", target, "--region", "us-east-1", "--gpu", "L40S", *models)

    assert done.exit_code == 0, done.stderr
    assert [row.name for row in placement.read(target).components] == ["qwen2.5-7b-instruct", "phi-2", "gemma-3-4b-it"]


def test_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    """With row and column, also of a model that fits on none of the machines, or whose name no file could have."""
    rows = f"Llama-3.1-405B-Instruct,3\ngemma-3-4b-it,x\n{'9' * 400},1\n"
    (tmp_path / "models.csv").write_text(f"model,copies\n{rows}")
    done = run("init", "-", "--region", "us-east-1", "--gpu", "L4", "--from", tmp_path / "models.csv")

    assert done.exit_code == 2
    told = " ".join(done.stderr.split())
    assert "row 2, column model: no copy of meta-llama/Llama-3.1-405B-Instruct fits" in told
    assert "row 3, column copies: must be a whole number" in told
    assert "row 4, column model: model must be a name of the table, a folder or a config.json that can be" in told
    assert "9" * 100 not in told


def test_measurements_make_the_options_of_profile_options(tmp_path: Path) -> None:
    """By the catalogue's names, though they are written otherwise; not in more memory than there is, told by both."""
    profile = tmp_path / "profile.csv"
    profile.write_text(
        "format,model,accelerator,accelerators,engine,precision,requests_per_second,memory_gib\n"
        "placement-profile/v1,phi-2,NVIDIA-H100-80GB-HBM3,1,vllm,bf16,9,79.15\n"
        "placement-profile/v1,phi-2,NVIDIA-L40S,1,sglang,fp8,5,40\n"
        "placement-profile/v1,phi-2,NVIDIA-L40S,2,vllm,bf16,8,80\n"
    )
    words = ("--region", "us-east-1", "--gpu", "L40S", "--gpu", "H100", "--model", "phi-2,rate=4")
    listed, done = run("profile", "options", profile), run("init", "-", *words, "--profile", profile)

    told = parse_yaml(listed.stdout)["options"]
    options = parse_yaml(done.stdout)["components"][0]["options"]
    assert [{key: row[key] for key in told[0]} for row in options] == told
    assert [(row["name"], row["accelerator_memory_gib"]) for row in told] == [("h100-x1", 79.18), ("l40s-x1", 40.0)]
    for ending in (listed, done):
        assert "phi-2 on L40S x 2: measured with 80 GiB on each, of which 44.39 are usable" in " ".join(
            ending.stderr.split()
        )


def test_measurements_of_other_models_stop_nobody(tmp_path: Path) -> None:
    """Of several sizes, or within no limit: they are told of the models that are asked for."""
    profile = tmp_path / "profile.csv"
    head = "format,model,accelerator,accelerators,input_tokens,requests_per_second"
    rows = ("phi-2,L4,1,512,5", "other,L4,1,512,5", "other,H100,1,8192,5", "third,H200,1,512,5")
    profile.write_text("\n".join([head, *(f"placement-profile/v1,{row}" for row in rows)]))
    words = ("init", "-", "--region", "us-east-1", "--gpu", "L4", "--profile", profile, "--model")

    done, refused = run(*words, "phi-2,rate=4"), run(*words, "other,rate=4")

    assert (done.exit_code, done.stderr) == (0, "")
    assert refused.exit_code == 2


def test_without_a_terminal_it_says_what_is_missing(tmp_path: Path) -> None:
    """All of it at once, as options; nothing is written."""
    done = run("init", tmp_path / "fleet.yaml", "--region", "us-east-1")

    assert done.exit_code == 2
    assert (
        "placement: there is no terminal to ask at, and these are missing: --gpu NAME (or --instance-type TYPE), "
        "--model MODEL=COPIES (or --from models.csv)"
    ) in " ".join(done.stderr.split())
    assert list(tmp_path.iterdir()) == []


def test_all_that_is_wrong_is_told_in_one_round(tmp_path: Path) -> None:
    """Of the machines, of each model that is named, of each row of a file, and what is missing."""
    path = tmp_path / "models.csv"
    path.write_text("model,copies\nphi-2x,1\nphi-2,x\n")
    words = ("init", tmp_path / "fleet.yaml", "--from", path, "--model", "Llama-3.3-70B-Instruct=1")
    unplaced = run(*words, "--gpu", "L400S")
    placed = run(*words, "--model", "phi-3x=1", "--region", "us-east-1", "--gpu", "T4")

    assert unplaced.exit_code == placed.exit_code == 2
    for told, done in (
        ('no accelerator "L400S" is in the catalogue; did you mean "L40S"', unplaced),
        ("and these are missing: --region REGION", unplaced),
        ("--model at Llama-3.3-70B-Instruct=1: no copy of meta-llama/Llama-3.3-70B-Instruct fits: not on T4", placed),
        ('--model at phi-3x=1: "phi-3x" is no file', placed),
        *((f"models.csv at row {row}", done) for row in (2, 3) for done in (unplaced, placed)),
    ):
        assert told in " ".join(done.stderr.split())
    assert not (tmp_path / "fleet.yaml").exists()


def test_files_that_options_name_are_told_in_the_same_round(tmp_path: Path) -> None:
    """Of facts, of measurements, of prices and of models; the names beside them, and the file that is there."""
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    (tmp_path / "fleet.yaml").write_text("mine")
    files = [
        word for option in ("--profile", "--facts") for kind in ("json", "csv") for word in (option, f"bad.{kind}")
    ]
    words = (
        "init",
        tmp_path / "fleet.yaml",
        "--gpu",
        "L400S",
        "--provider",
        "awz",
        "--model",
        "phi-2x",
        "--survive-zones",
        "1",
    )
    options = (
        "--engine",
        "vlm",
        "--price",
        "p5=x",
        "--price",
        "p5.xx=1",
        "--price",
        "g6.xlarge=1",
        "--price",
        "g6.xlarge=2",
    )
    some = [str(tmp_path / word) if word.startswith("bad") else word for word in files]

    done = run(*words, *options, *some[:4], "--region", "us-est-1")
    told = " ".join(done.stderr.split())
    assert done.exit_code == 2
    for rule in (
        "bad.json: is not JSON",
        "bad.csv at row 1: is no CSV that is known here",
        'no engine "vlm" has constants here',
        '--price must be TYPE=DOLLARS, such as p5.48xlarge=40, got "p5=x"',
        'no instance type "p5.xx" is in the catalogue',
        "--price g6.xlarge=2: a price of g6.xlarge is given already",
        'no region "us-est-1" is in the catalogue',
        'no accelerator "L400S" is in the catalogue',
        'no provider "awz" is in the catalogue; did you mean "aws"',
        '--model at phi-2x: "phi-2x" is no file',
        "is there already; name another file",
    ):
        assert told.count(rule) == 1, rule

    done = run(*words, *some)
    told = " ".join(done.stderr.split())
    assert told.count("bad.json: is not JSON") == 2  # as facts, and as measurements
    assert told.count("bad.csv at row 1") == 2
    assert "these are missing" not in told  # the facts may be of nodes, which need no region


def test_machines_and_prices_decide_before_models_are_blamed(tmp_path: Path) -> None:
    """What is wrong with an engine is told once, and not of each model."""
    done = run("init", "-", "--region", "us-east-1", "--gpu", "L4", "--model", "phi-2", "--engine", "vllm=0.1")

    assert done.stderr.splitlines() == ["placement: vllm 0.1 is older than all constants here, which start with 0.9"]


def test_the_engine_decides_on_which_gpus_copies_fit() -> None:
    """An old GPU that newer versions refuse; the file says what its sizes are of."""
    words = ("init", "-", "--region", "us-east-1", "--instance-type", "p3.2xlarge", "--model", "phi-2=1")
    refused, done = run(*words), run(*words, "--engine", "vllm=0.19")

    told = " ".join(refused.stderr.split())
    assert refused.exit_code == 2
    assert "versions before 0.21 may run there: --engine vllm=VERSION; name other machines with --instance-type" in told
    assert done.exit_code == 0, done.stderr
    assert "on each accelerator with vllm=0.19" in " ".join(done.stdout.split())
    assert problem_of(done.stdout).components[0].modes[0].on == ("V100-16GB",)


def problem_of(text: str) -> placement.Problem:
    """The problem in the YAML that was written."""
    return placement.Problem(**{key: value for key, value in parse_yaml(text).items() if key != "format"})


def spot_prices(path: Path, **prices: float) -> Path:
    """Spot prices by zone, `a_g6e_xlarge`."""
    rows = [
        {
            "AvailabilityZone": f"us-east-1{word[0]}",
            "InstanceType": word[2:].replace("_", "."),
            "ProductDescription": "Linux/UNIX",
            "SpotPrice": str(price),
            "Timestamp": "2026-11-27T10:00:00Z",
        }
        for word, price in prices.items()
    ]
    path.write_text(json.dumps({"SpotPriceHistory": rows}))
    return path


SPOT = ("init", "-", "--region", "us-east-1", "--gpu", "L40S", "--model", "phi-2=4", "--survive-zones", "1")


def test_spot_pools_stand_beside_those_on_demand(tmp_path: Path) -> None:
    """In the zones as the prices name them, where a price is known; what has none is told; it is the cheapest plan."""
    prices = spot_prices(tmp_path / "spot.json", a_g6e_xlarge=0.71, b_g6e_xlarge=0.81, b_g6e_12xlarge=3.0)
    done = run(*SPOT, "--spot", "--facts", prices)

    assert done.exit_code == 0, done.stderr
    problem = problem_of(done.stdout)
    pools = {pool.name: pool.price_per_hour for pool in problem.pools}
    assert {pool.zone for pool in problem.pools} == {"us-east-1a", "us-east-1b"}
    assert {name: price for name, price in pools.items() if name.endswith("-spot")} == {
        "g6e.xlarge-us-east-1a-spot": 0.71,
        "g6e.xlarge-us-east-1b-spot": 0.81,
        "g6e.12xlarge-us-east-1b-spot": 3.0,
    }
    assert len(pools) == 3 + 2 * 3
    assert "no spot price is known: g6e.12xlarge in us-east-1a; g6e.48xlarge in" in " ".join(done.stderr.split())
    assert "(AWS spot price history, 2026-11-27)" in done.stdout
    assert placement.solve(problem).cost == 2 * 710_000 + 2 * 810_000


def test_spot_prices_choose_the_type(tmp_path: Path) -> None:
    """Of types with the same GPUs the cheapest, at its spot price; quotas are those of spot capacity."""
    prices = spot_prices(tmp_path / "spot.json", a_g6e_xlarge=0.71, a_g6e_2xlarge=0.5)
    quotas = {
        "Quotas": [
            {
                "ServiceCode": "ec2",
                "QuotaCode": "L-3819A6DF",
                "QuotaName": "All G and VT Spot Instance Requests",
                "Value": 24.0,
                "QuotaArn": "arn:aws:servicequotas:us-east-1:1:ec2/L-3819A6DF",
            }
        ]
    }
    (tmp_path / "quotas.json").write_text(json.dumps(quotas))
    facts = ("--facts", prices, "--facts", tmp_path / "quotas.json")
    done = run(*SPOT[:-2], "--spot", *facts)

    assert done.exit_code == 0, done.stderr
    problem = problem_of(done.stdout)
    assert [(pool.name, pool.max_instances) for pool in problem.pools if pool.name.endswith("-spot")] == [
        ("g6e.2xlarge-us-east-1a-spot", 3)
    ]


def test_spot_without_a_price_is_refused(tmp_path: Path) -> None:
    """Never a guess; of nodes, which are bought already, too."""
    done = run(*SPOT, "--spot", "--facts", spot_prices(tmp_path / "spot.json", a_g5_xlarge=0.71))

    assert done.exit_code == 2
    assert "--spot: no spot price is known of g6e.xlarge, " in done.stderr
    assert "in us-east-1: a file tells it, --facts FILE" in " ".join(done.stderr.split())


def test_what_is_missing_where_standard_output_is_the_file() -> None:
    """There may well be a terminal, and nothing is asked."""
    done = run("init", "-", "--region", "us-east-1", "--gpu", "L4")

    assert done.exit_code == 2
    assert "nothing is asked where standard output is the file, and these are missing: --model" in done.stderr


@pytest.mark.parametrize("option", ["--from", "--profile", "--facts"])
def test_it_never_writes_over_what_it_reads(option: str, tmp_path: Path) -> None:
    """Not even with --force."""
    source = tmp_path / "given.csv"
    source.write_text("model,copies\nphi-2,3\n")
    words = ("init", source, "--region", "us-east-1", "--gpu", "L4", "--model", "phi-2", option, source, "--force")
    refused = run(*words)

    assert refused.exit_code == 2
    assert f"is the same file as {option} {source}, which would be lost" in " ".join(refused.stderr.split())
    assert source.read_text() == "model,copies\nphi-2,3\n"


def test_it_never_writes_over_the_config_of_a_model(tmp_path: Path) -> None:
    """Of which the weights may be elsewhere."""
    config = tmp_path / "config.json"
    sizes = {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "vocab_size": 128256}
    heads = {"num_attention_heads": 32, "num_key_value_heads": 8, "max_position_embeddings": 8192}
    text = json.dumps({"architectures": ["LlamaForCausalLM"], "torch_dtype": "bfloat16", **sizes, **heads})
    config.write_text(text)
    model = f"{config},checkpoint_gib=3"
    refused = run("init", config, "--region", "us-east-1", "--gpu", "L4", "--model", model, "--force")

    assert refused.exit_code == 2
    assert f"is the same file as --model {config}, which would be lost" in " ".join(refused.stderr.split())
    assert config.read_text() == text


def test_measurements_that_no_model_asks_for_are_told(tmp_path: Path) -> None:
    """Copies that are counted need no throughput: measurements beside them are made nothing of."""
    source, target = tmp_path / "profile.csv", tmp_path / "fleet.yaml"
    source.write_text(
        "format,model,accelerator,accelerators,ttft_ms,tpot_ms,requests_per_second\n"
        "placement-profile/v1,microsoft/phi-2,L4,1,200,30,2.5\n"
    )
    words = ("init", target, "--region", "us-east-1", "--gpu", "L4", "--profile", source, "--model")

    assert "note: the measurements are not used" in run(*words, "phi-2=2").stderr
    assert "not used" not in run(*words, "phi-2,rate=5", "--force").stderr


def test_it_never_overwrites_without_being_told(tmp_path: Path) -> None:
    """Not even with what it wrote itself."""
    target = tmp_path / "fleet.yaml"
    target.write_text("mine")
    words = ("init", target, "--region", "us-east-1", "--gpu", "L4", "--model", "phi-2")
    refused = run(*words)

    assert refused.exit_code == 2
    assert "is there already; name another file, or write over it with --force" in " ".join(refused.stderr.split())
    assert target.read_text() == "mine"
    assert run(*words, "--force").exit_code == 0
    assert target.read_text() != "mine"


@pytest.fixture
def press() -> Callable[..., tuple[Answers, str, bool]]:
    """The dialogue's answers to keys."""

    def asked(
        keys: str, output: str = "absent.yaml", market: Market | None = None, **given: object
    ) -> tuple[Answers, str, bool]:
        start = Answers(**{"models": (), **given})  # type: ignore[arg-type]
        with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
            pipe.send_text(keys)
            pipe.close()  # a question more would wait for ever
            return ask(start, market or Market(), output, survive_given=False, force=False)

    return asked


def test_enter_takes_the_defaults(press: Callable[..., tuple[Answers, str, bool]]) -> None:
    """A region, EC2, a usual GPU, two copies, one zone that may be lost: only the model has to be named."""
    answers, output, force = press(f"{ENTER}{ENTER}{ENTER}phi-2{ENTER}{ENTER}{ENTER}{ENTER}")

    assert (output, force) == ("absent.yaml", False)
    assert answers == Answers((ModelWish("phi-2", copies=2),), "us-east-1", "aws", ("L40S",), survive_zones=1)


def test_arrows_and_ticks(press: Callable[..., tuple[Answers, str, bool]]) -> None:
    """SageMaker in place of EC2; another GPU; a rate in place of copies; no zone."""
    machines = ["eu-west-1", ENTER, DOWN, ENTER, UP, SPACE, ENTER]
    models = ["phi-2", ENTER, "40/8", ENTER, ENTER]
    answers, _, _ = press("".join([*machines, *models, UP, ENTER]))

    assert (answers.region, answers.provider, answers.survive_zones) == ("eu-west-1", "sagemaker", 0)
    assert answers.models == (ModelWish("phi-2", rate=40, throughput=8),)
    assert len(answers.gpus) == 2


def test_a_mistyped_region_gets_the_nearest_names(
    press: Callable[..., tuple[Answers, str, bool]], capsys: pytest.CaptureFixture[str]
) -> None:
    """In full, and the question comes again, with nothing in it."""
    rest = f"{ENTER}phi-2{ENTER}{ENTER}{ENTER}{ENTER}"
    again, _, _ = press(f"us-est-1{ENTER}us-west-2{ENTER}{ENTER}{rest}")
    told = capsys.readouterr().out

    assert told.startswith('no region "us-est-1" is in the catalogue; did you mean "us-east-1"')
    assert again.region == "us-west-2"


def test_only_what_is_missing_is_asked(press: Callable[..., tuple[Answers, str, bool]]) -> None:
    """Here the zones alone."""
    given = {"models": (ModelWish("phi-2"),), "region": "us-east-1", "provider": "aws", "gpus": ("L4",)}
    answers, _, _ = press(ENTER, **given)

    assert answers == Answers(**given, survive_zones=1)  # type: ignore[arg-type]


def test_writing_over_is_asked(press: Callable[..., tuple[Answers, str, bool]], tmp_path: Path) -> None:
    """No is the default, and ends it; yes goes on."""
    target = tmp_path / "fleet.yaml"
    target.write_text("mine")
    with pytest.raises(UsageError, match="is left as it is; name another file"):
        press(ENTER, str(target))
    given = {"models": (ModelWish("phi-2"),), "region": "us-east-1", "instance_types": ("g6.xlarge",)}
    _, _, force = press(f"y{ENTER}{ENTER}", str(target), **given)

    assert force


def test_ctrl_c_ends_it(press: Callable[..., tuple[Answers, str, bool]]) -> None:
    """At any question."""
    with pytest.raises(KeyboardInterrupt):
        press(f"{ENTER}{INTERRUPT}")


def test_ctrl_d_ends_it_too(press: Callable[..., tuple[Answers, str, bool]]) -> None:
    """At the first question: nothing is typed."""
    with pytest.raises(KeyboardInterrupt):
        press("\x04")


KNOWN = {"region": "us-east-1", "provider": "aws", "gpus": ("T4",)}


def test_a_model_that_can_not_be_is_told_where_it_is_named(
    press: Callable[..., tuple[Answers, str, bool]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the next question: none, one that fits nowhere, a key that is none, an amount that is none."""
    typed = ["", "Llama-3.3-70B-Instruct", "phi-2,copys=1", "phi-2", "many", "3", "", ""]
    answers, _, _ = press("".join(f"{text}{ENTER}" for text in typed), **KNOWN)
    told = capsys.readouterr().out.splitlines()

    assert answers.models == (ModelWish("phi-2", copies=3),)
    assert told[0] == "a model is needed: a public name, a folder or a config.json"
    assert told[1].startswith("no copy of meta-llama/Llama-3.3-70B-Instruct fits: not on T4")
    assert 'did you mean "copies"?' in told[2]
    assert told[3] == '"many" is no amount: a whole number of copies, or RATE/THROUGHPUT such as 40/8'
    assert len(told) == 4


def test_a_model_with_its_amount_is_not_asked_for_one(press: Callable[..., tuple[Answers, str, bool]]) -> None:
    """As it stands on the command line."""
    answers, _, _ = press(f"phi-2=3{ENTER}{ENTER}{ENTER}", **KNOWN)

    assert answers.models == (ModelWish("phi-2", copies=3),)


def test_models_that_were_given_decide_on_gpus(
    press: Callable[..., tuple[Answers, str, bool]], capsys: pytest.CaptureFixture[str]
) -> None:
    """GPUs on which one of them fits nowhere are told and asked for again; with --gpu it is the end, with all told."""
    large = tuple(ModelWish(f"Llama-3.{kind}-Instruct", copies=1) for kind in ("3-70B", "1-405B"))
    h200 = f"{UP}{UP}{SPACE}{ENTER}"  # from L40S
    answers, _, _ = press(f"{ENTER}{h200}{ENTER}", models=large[1:], region="us-east-1", provider="aws")

    assert capsys.readouterr().out.startswith("no copy of meta-llama/Llama-3.1-405B-Instruct fits: not on L40S")
    assert answers.gpus == ("H200", "L40S")
    with pytest.raises(DocumentError) as caught:
        press("", models=large, **KNOWN)
    assert len(caught.value.faults) == 2


def test_other_gpus_may_be_ticked_where_a_model_fits_on_none(
    press: Callable[..., tuple[Answers, str, bool]], capsys: pytest.CaptureFixture[str]
) -> None:
    """The models before it stay, and so do ticks; no is an answer too."""
    given = {"region": "us-east-1", "provider": "aws"}
    h200 = f"{UP}{UP}{SPACE}{ENTER}"  # from L40S
    start, large = f"{ENTER}phi-2=1{ENTER}Llama-3.1-405B-Instruct{ENTER}", f"Llama-3.1-405B-Instruct=2{ENTER}{ENTER}"
    answers, _, _ = press(f"{start}{ENTER}{h200}{large}{ENTER}", **given)

    assert [wish.model for wish in answers.models] == ["phi-2", "Llama-3.1-405B-Instruct"]
    assert answers.gpus == ("H200", "L40S")
    told = capsys.readouterr().out
    assert told.startswith("no copy of meta-llama/Llama-3.1-405B-Instruct fits: not on L40S")
    assert "--gpu" not in told
    answers, _, _ = press(f"{start}n{ENTER}{ENTER}{ENTER}", **given)
    assert (answers.models, answers.gpus) == ((ModelWish("phi-2", copies=1),), ("L40S",))


def test_where_an_option_stands_is_told(
    press: Callable[..., tuple[Answers, str, bool]], capsys: pytest.CaptureFixture[str]
) -> None:
    """A person who is asked can't give one."""
    press(f"phi-2,rate=4{ENTER}phi-2{ENTER}{ENTER}{ENTER}{ENTER}", **KNOWN)

    told = capsys.readouterr().out
    assert "its measurements with --profile FILE" in " ".join(told.split())
    assert "An option stands behind `placement init`: Ctrl-C ends these questions" in told


def test_spot_is_asked_where_prices_are_known(press: Callable[..., tuple[Answers, str, bool]], tmp_path: Path) -> None:
    """Of that region; no is the default."""
    market = Market([read_facts(spot_prices(tmp_path / "spot.json", a_g6e_xlarge=0.71))])
    given = {"models": (ModelWish("phi-2"),), "provider": "aws", "gpus": ("L40S",), "market": market}

    assert press(f"y{ENTER}{UP}{ENTER}", region="us-east-1", **given)[0].spot
    assert not press(f"{ENTER}{UP}{ENTER}", region="us-east-1", **given)[0].spot
    assert not press(f"{UP}{ENTER}", region="us-east-2", **given)[0].spot


def test_zones_that_can_not_be_lost_are_asked_for_again(
    press: Callable[..., tuple[Answers, str, bool]], capsys: pytest.CaptureFixture[str]
) -> None:
    """The answers before stay."""
    given = {"models": (ModelWish("phi-2"),), "region": "me-south-1", "provider": "sagemaker", "gpus": ("T4",)}
    answers, _, _ = press(f"{DOWN}{ENTER}{ENTER}", **given)

    assert "to survive the loss of 2 zones takes at least 3, and there are 2" in capsys.readouterr().out
    assert answers == Answers(**given, survive_zones=1)  # type: ignore[arg-type]


def test_zones_that_nobody_tells_are_asked_for(press: Callable[..., tuple[Answers, str, bool]]) -> None:
    """Only where one may be lost, and then as many as that takes."""
    given = {"models": (ModelWish("phi-2"),), "region": "us-central1", "provider": "gcp", "gpus": ("L4",)}
    lost, _, _ = press(f"{ENTER}a{ENTER}{ENTER}a, b{ENTER}", **given)
    none, _, _ = press(f"{UP}{ENTER}", **given)

    assert (lost.survive_zones, lost.zones) == (1, ("a", "b"))
    assert (none.survive_zones, none.zones) == (0, ())


def offered(
    monkeypatch: pytest.MonkeyPatch, press: Callable[..., tuple[Answers, str, bool]], **known: Any
) -> list[str]:
    """The GPUs that the dialogue offers where so much is `known`, as it words them."""
    shown: list[str] = []

    def checkbox(message: str, choices: list[Any], **more: object) -> None:
        shown.extend(choice.title for choice in choices)
        raise KeyboardInterrupt

    monkeypatch.setattr("questionary.checkbox", checkbox)
    with pytest.raises(KeyboardInterrupt):
        press("", **known)
    return shown


def test_only_gpus_of_which_the_memory_is_known_are_offered(
    monkeypatch: pytest.MonkeyPatch, press: Callable[..., tuple[Answers, str, bool]]
) -> None:
    """No copy fits on the others; prices of another region say so."""
    shown = offered(monkeypatch, press, region="eu-west-2", provider="aws")

    assert next(line for line in shown if line.startswith("L4 ")).endswith(
        "an hour each (g6.xlarge, price of us-east-1)"
    )
    assert not any("Inferentia" in line for line in shown)


@pytest.mark.parametrize(("engine", "is_there"), [("vllm", False), ("vllm=0.19", True)])
def test_gpus_that_the_engine_refuses_are_not_offered(
    engine: str, is_there: bool, monkeypatch: pytest.MonkeyPatch, press: Callable[..., tuple[Answers, str, bool]]
) -> None:
    """A V100 with the newest vLLM."""
    shown = offered(monkeypatch, press, region="us-east-1", provider="aws", engine=engine)

    assert any(line.startswith("V100") for line in shown) is is_there
    assert any(line.startswith("T4") for line in shown)


def test_a_yes_needs_enter(press: Callable[..., tuple[Answers, str, bool]], tmp_path: Path) -> None:
    """A word with a y in it is no yes to writing over a file."""
    target = tmp_path / "fleet.yaml"
    target.write_text("mine")
    given = {"models": (ModelWish("phi-2"),), "region": "us-east-1", "instance_types": ("g6.xlarge",)}
    with pytest.raises(KeyboardInterrupt):  # at the question of zones, which no enter is left for
        press(f"y{ENTER}", str(target), **given)

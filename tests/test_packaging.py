"""What is declared is what is used: dependencies, version, command, and the change note."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from importlib.metadata import entry_points, packages_distributions, version
from pathlib import Path

import dev
import placement
from tests.test_architecture import read_package

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# Their data types are part of the others' own interfaces, which pin the versions they need.
CARRIED_BY = {
    "botocore": "boto3",
    "markupsafe": "jinja2",
    "pandas": "ortools",
    "prompt-toolkit": "questionary",
    "pydantic-core": "pydantic",
}


def test_every_import_is_a_declared_dependency() -> None:
    """The wheel is tried beside packages that are already installed, so an undeclared one would not show there."""
    extras = PROJECT["optional-dependencies"]
    optional = [row for name in ("distributed", "pictures", "sagemaker") for row in extras[name]]
    rows = [*PROJECT["dependencies"], *optional]
    declared = {plain(re.split(r"[<>=!~;\[ ]", row)[0]) for row in rows}
    homes = packages_distributions()
    imported = {row.target.partition(".")[0] for module in read_package().values() for row in module.imports}
    used = {plain(homes.get(top, [top])[0]) for top in imported - sys.stdlib_module_names - {"placement", "ruamel"}}
    if "ruamel" in imported:  # a namespace that several distributions share
        used.add("ruamel-yaml")

    assert {CARRIED_BY.get(name, name) for name in used} <= declared


def plain(name: str) -> str:
    """A distribution's name in its one normal form."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_version_stands_in_one_place() -> None:
    """The installed metadata, the newest released change note and the citation agree with the package."""
    newest = re.search(r"^## (?!Unreleased$)(\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)

    assert version("gpu-placement") == placement.__version__
    assert newest is not None
    assert newest[1] == placement.__version__
    assert f"\nversion: {placement.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


def test_changes_stand_below_what_is_new_in_short() -> None:
    """New entries go to the top of *Each change*: above it a reader of a release looks for what it brings."""
    releases = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)
    title, _, unreleased = releases[1].partition("\n")

    assert title == "Unreleased"
    if unreleased.strip():  # not just opened
        head, _, rest = unreleased.partition("### In short\n")
        short, _, changes = rest.partition("### Each change\n")
        assert not head.strip(), "move entries below Each change"
        assert short.strip(), "move entries below Each change"
        assert changes.startswith("\n- "), "move entries below Each change"


def test_ci_runs_what_the_pages_say() -> None:
    """The commands of a contributor, and no other; on every Python that is supported."""
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")

    assert re.findall(r"- run: (.*)", workflow) == ["python3 dev.py test", "python3 dev.py nightly"]
    assert f"python: {json.dumps(list(dev.SUPPORTED))}" in workflow


def test_every_public_name_is_in_the_reference() -> None:
    """And nothing else of the package."""
    page = (ROOT / "docs" / "guide" / "api.md").read_text("utf-8")

    assert sorted(re.findall(r"^\.\. \w+:: placement\.(\w+)$", page, re.MULTILINE)) == sorted(placement.__all__)


def test_the_command_starts_where_it_is_declared() -> None:
    """The console commands of this distribution are the declared ones, and their targets load."""
    ours = [point for point in entry_points(group="console_scripts") if point.name in PROJECT["scripts"]]

    assert {point.name: point.value for point in ours} == PROJECT["scripts"]
    assert all(callable(point.load()) for point in ours)


def test_each_dependency_is_justified() -> None:
    """docs/develop/dependencies.md has a row for every package declared here, extras included."""
    page = (ROOT / "docs" / "develop" / "dependencies.md").read_text("utf-8")
    rows = [*PROJECT["dependencies"], *(row for extra in PROJECT["optional-dependencies"].values() for row in extra)]
    names = [re.split(r"[<>=!~;\[ ]", row)[0] for row in rows]

    assert [name for name in names if f"`{name}`" not in page] == []


def test_the_bounds_on_the_page_are_the_declared_ones() -> None:
    """A bound changed in pyproject.toml is changed, and argued, on the page too."""
    page = (ROOT / "docs" / "develop" / "dependencies.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `([\w.-]+)` ([<>=][^|]*?) \|", page, re.MULTILINE))
    extras = PROJECT["optional-dependencies"]
    wanted = [
        *PROJECT["dependencies"],
        *extras["bench"],
        *extras["catalogue"],
        *extras["compiled"],
        *extras["distributed"],
        *extras["pictures"],
        *extras["sagemaker"],
    ]
    declared = dict(re.findall(r"^([\w.-]+)(.*)$", "\n".join(wanted), re.MULTILINE))

    assert {name: bound.replace(" ", "") for name, bound in told.items()} == declared


def test_dev_py_is_read_by_an_old_python() -> None:
    """Python 3.7 must get as far as naming the versions that are needed."""
    ast.parse((ROOT / "dev.py").read_text("utf-8"), feature_version=(3, 7))

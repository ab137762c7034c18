"""Every example in the README and in `docs/` does what it says.

Python blocks run in order, one namespace a page: those with `>>>` as doctests, the others as they stand. Commands of
`console` blocks run one after another in one folder a page. A page whose snippet is not meant to run says so by another
language tag, such as `text`. Whole problems in YAML or JSON are read.
"""

from __future__ import annotations

import contextlib
import doctest
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import placement
from placement.cli.app import app
from placement.cli.endings import in_words

ROOT = Path(__file__).resolve().parents[1]
PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if page.exists()]
FENCE = re.compile(r"^```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
PROBLEM = re.compile(r"""^[{\s]*["']?format["']?: ["']?placement/v1\b""")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, and the line its text starts on."""

    language: str
    text: str
    line: int


def blocks_of(markdown: str) -> list[Block]:
    """Fenced blocks that name a language, in order."""
    return [
        Block(found["language"], found["text"], markdown.count("\n", 0, found.start("text")) + 1)
        for found in FENCE.finditer(markdown)
    ]


def run_examples(blocks: list[Block], name: str) -> None:
    """Run a page's Python blocks one after the other; what one defines, the next may use."""
    names: dict[str, Any] = {}
    runner = doctest.DebugRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    for block in blocks:
        if ">>> " in block.text:
            example = doctest.DocTestParser().get_doctest(block.text, names, name, name, block.line - 1)
            try:
                runner.run(example, clear_globs=False)
            except doctest.DocTestFailure as failure:
                at = f"{name}:{block.line + failure.example.lineno}: {failure.example.source}"
                pytest.fail(f"{at}expected:\n{failure.example.want}got:\n{failure.got}", pytrace=False)
            except doctest.UnexpectedException as failure:
                raise failure.exc_info[1] from None
            names.update(example.globs)
        else:
            exec(compile("\n" * (block.line - 1) + block.text, name, "exec"), names)


def paged(*languages: str, slow: tuple[str, ...] = ()) -> list[Any]:
    """Pages as test parameters, each with its blocks in these languages, if it has any; those in `slow` at night."""
    found = []
    for page in PAGES:
        blocks = [block for block in blocks_of(page.read_text("utf-8")) if block.language in languages]
        if blocks:
            marks = [pytest.mark.slow] if page.name in slow else []
            found.append(pytest.param(blocks, str(page.relative_to(ROOT)), id=page.name, marks=marks))
    return found


# Pages that simulate a week: 5 s of the processor and more.
WEEKS = ("traffic.md",)


@pytest.mark.parametrize(("blocks", "name"), paged("python", "pycon", slow=WEEKS))
def test_the_pages_examples_run(
    blocks: list[Block], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a folder where `instances/` is at hand, so that what an example writes stays out of the checkout."""
    (tmp_path / "instances").symlink_to(ROOT / "instances")
    monkeypatch.chdir(tmp_path)

    run_examples(blocks, name)


@pytest.mark.parametrize(("blocks", "name"), paged("yaml", "json"))
def test_the_pages_problems_are_read(blocks: list[Block], name: str, tmp_path: Path) -> None:
    """A reader who copies a whole problem from a page gets no error; fragments are left alone."""
    for block in blocks:
        if PROBLEM.match(block.text):
            copy = tmp_path / f"{Path(name).stem}-{block.line}.{block.language}"
            copy.write_text(block.text, "utf-8")
            placement.read(copy)


def run_console(blocks: list[Block], name: str, folder: Path) -> None:
    """Run the commands of a page's console blocks: each line after ``$ ``, of the package's own command or of `cat`.

    What they print, errors included, is what stands below them; ``...`` is any of it. They run in this process, which
    saves half a second each; `tests/cli/test_process.py` is about processes.
    """
    checker, flags = doctest.OutputChecker(), doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    for block in blocks:
        for step in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, wanted = step.partition("\n")
            first, *words = shlex.split(command)
            if first == "placement":
                with contextlib.chdir(folder), in_words():
                    said = CliRunner(env={"COLUMNS": "120"}).invoke(app, words).output
            else:
                said = (folder / words[0]).read_text("utf-8")
                assert first == "cat", command
            got = said if said.endswith("\n") else f"{said}\n"
            if not checker.check_output(wanted, got, flags):
                pytest.fail(f"{name}:{block.line}: {command}\nexpected:\n{wanted}got:\n{got}", pytrace=False)


@pytest.mark.parametrize(("blocks", "name"), paged("console", slow=WEEKS))
def test_the_pages_commands_print_what_stands_there(blocks: list[Block], name: str, tmp_path: Path) -> None:
    """With the files of `instances/` beside them."""
    for path in (ROOT / "instances").iterdir():
        (tmp_path / path.name).symlink_to(path)

    run_console(blocks, name, tmp_path)


def test_a_wrong_command_fails_with_its_place(tmp_path: Path) -> None:
    """What came instead is told; what is right passes, and so does what is left open."""
    page = "# A page\n\n```console\n$ placement --version\nplacement {version}\n```\n"
    run_console(blocks_of(page.format(version=placement.__version__)), "page.md", tmp_path)
    run_console(blocks_of(page.format(version="...")), "page.md", tmp_path)

    with pytest.raises(pytest.fail.Exception, match=r"page\.md:4: placement --version\nexpected:\nplacement 9\n"):
        run_console(blocks_of(page.format(version="9")), "page.md", tmp_path)


PAGE = """\
# A page

```python
total = 40
```

```python
>>> total + {added}
42
```
"""


def test_a_right_example_passes() -> None:
    """The second block sees what the first defined, and its closing fence is no output."""
    run_examples(blocks_of(PAGE.format(added=2)), "page.md")


def test_a_wrong_example_fails_with_its_place() -> None:
    """The page and the line are named, and what came instead."""
    with pytest.raises(pytest.fail.Exception, match=r"page\.md:8: total \+ 3\n(.*\n)*43"):
        run_examples(blocks_of(PAGE.format(added=3)), "page.md")

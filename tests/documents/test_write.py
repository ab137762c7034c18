"""What a written document replaces, and what it must not."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import placement
from placement.documents import check_outputs, write_file, write_together
from placement.errors import UsageError


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The file that it names is written."""
    (tmp_path / "real.json").write_text("old", encoding="utf-8")
    link = tmp_path / "link.json"
    link.symlink_to("real.json")
    placement.write({"a": 1}, link)
    assert link.is_symlink()
    assert json.loads((tmp_path / "real.json").read_text(encoding="utf-8")) == {"a": 1}


@pytest.mark.parametrize(
    "rows",
    [
        [{"a": 1}, {"b": [2, 3]}],
        [{"a": "}, {"}, {"b": 1}],
        [{"a": [{}, {}]}, {"b": 1}],
        [{"a": "\\"}, {"b": "}, {"}, {}],
        [{}],
        [],
        [{"a": "}, {"}, 1],
        [1, {"a": 1}],
    ],
    ids=str,
)
def test_a_list_of_rows_has_a_line_for_each(rows: list[object], tmp_path: Path) -> None:
    """Whatever their texts hold."""
    out = tmp_path / "out.json"
    placement.write({"rows": rows}, out)
    text = out.read_text(encoding="utf-8")
    assert json.loads(text) == {"rows": rows}
    if rows and all(isinstance(row, dict) for row in rows):
        assert [json.loads(line.removesuffix(",")) for line in text.splitlines()[2:-2]] == rows


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_written_through(tmp_path: Path) -> None:
    """Its reader gets the document, and the pipe is still one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard: list[str] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()
    placement.write({"a": 1}, pipe)
    reader.join(timeout=600)
    assert json.loads(heard[0]) == {"a": 1}
    assert pipe.is_fifo()


# --- Several documents


def test_several_files_are_written_all_or_none(tmp_path: Path) -> None:
    """The second can't be written: the first is as it was, and nothing lies beside it."""
    first, second, page = tmp_path / "first.json", tmp_path / "second.json", tmp_path / "page.html"
    placement.write({"a": 0}, first)

    with pytest.raises(UsageError, match=r"second\.json: can't be written: half a surrogate pair"):
        write_together([({"a": 1}, first), ("a page", page), ({"a": "\ud800"}, second)])
    assert json.loads(first.read_text(encoding="utf-8")) == {"a": 0}
    assert [path.name for path in tmp_path.iterdir()] == ["first.json"]

    write_together([({"a": 1}, first), ("a page", page), (b"\x89", second)])
    assert json.loads(first.read_text(encoding="utf-8")) == {"a": 1}
    assert (page.read_text(encoding="utf-8"), second.read_bytes()) == ("a page", b"\x89")


@pytest.mark.parametrize("was_there", [True, False])
def test_a_file_that_can_t_be_put_in_its_place_takes_those_before_it_back(
    was_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where another program holds it; nothing lies beside."""
    rename, first, second = Path.replace, tmp_path / "first.json", tmp_path / "second.json"
    if was_there:
        first.write_text("before", encoding="utf-8")
    second.write_text("before", encoding="utf-8")
    before = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}

    def held(path: Path, target: Path) -> Path:
        if target == second:
            raise PermissionError(errno.EACCES, "held")
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", held)
    with pytest.raises(UsageError, match=r"second\.json: can't be written: held"):
        write_together([("after", first), ("after", second)])
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == before

    monkeypatch.undo()
    write_together([("after", first), ("after", second)])
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {
        "first.json": "after",
        "second.json": "after",
    }


def test_files_are_written_though_nobody_reads_standard_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that goes away has seen enough; a full disk under it is a file that is not there."""

    def broken(_: str) -> int:
        raise error

    monkeypatch.setattr(sys.stdout, "write", broken)
    for error, there in ((BrokenPipeError(), True), (OSError(errno.ENOSPC, "full"), False)):
        with pytest.raises(type(error)):
            write_together([({"a": 1}, tmp_path / "a.json"), ({"a": 2}, "-")])
        assert (tmp_path / "a.json").exists() == there
        (tmp_path / "a.json").unlink(missing_ok=True)


# --- What processes that were killed have left


def parts(folder: Path) -> list[str]:
    """Hidden files beside a target."""
    return sorted(path.name for path in folder.iterdir() if path.name.endswith(".part"))


@pytest.mark.skipif(os.name == "nt", reason="without locks nothing is cleared")
def test_what_a_killed_writer_left_is_cleared_at_the_next_write(tmp_path: Path) -> None:
    """Of this target; those of others, and files that merely look alike, stay."""
    for name in (".p.json.abcd1234.part", ".q.json.abcd1234.part", ".p.json.mine.part", "p.json.abcd1234.part"):
        (tmp_path / name).write_text("half", encoding="utf-8")
    (tmp_path / ".p.json.linked12.part").symlink_to("q")
    placement.write({"a": 1}, tmp_path / "p.json")
    assert parts(tmp_path) == [
        ".p.json.linked12.part", ".p.json.mine.part", ".q.json.abcd1234.part", "p.json.abcd1234.part",
    ]  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is a Unix thing")
def test_a_writer_that_is_killed_midway_leaves_nothing_for_long(tmp_path: Path) -> None:
    """While it lives its file is left alone; once it is dead, the next to write there clears it."""
    script = (
        "import sys; from placement.documents.write import _beside; from pathlib import Path\n"
        "with _beside(Path(sys.argv[1])) as (stream, beside):\n"
        "    stream.write('half'); stream.flush(); print(beside, flush=True); sys.stdin.read()"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "p.json")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with writer:
        assert writer.stdout is not None
        assert writer.stdout.readline().strip()
        placement.write({"a": 1}, tmp_path / "p.json")
        alive = parts(tmp_path)
        writer.kill()
    placement.write({"a": 2}, tmp_path / "p.json")

    assert len(alive) == 1
    assert parts(tmp_path) == []
    assert json.loads((tmp_path / "p.json").read_text(encoding="utf-8")) == {"a": 2}


def test_many_writers_at_one_target_leave_one_whole_file(tmp_path: Path) -> None:
    """None takes another's file away while it is written."""
    documents = [{"n": n, "rows": [{"k": k} for k in range(50)]} for n in range(8)]
    failed: list[BaseException] = []

    def write(document: dict[str, object]) -> None:
        try:
            for _ in range(20):
                placement.write(document, tmp_path / "p.json")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(document,)) for document in documents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failed
    assert parts(tmp_path) == []
    assert json.loads((tmp_path / "p.json").read_text(encoding="utf-8")) in documents


# --- Outputs against inputs


def same(tmp_path: Path, how: str) -> Path:
    """Another name for ``p.json`` in the folder."""
    source = tmp_path / "p.json"
    source.write_text("{}", encoding="utf-8")
    other = tmp_path / "other.json"
    if how == "symlink":
        other.symlink_to("p.json")
    elif how == "hard link":
        other.hardlink_to(source)
    elif how == "symlink of a folder":
        (tmp_path / "door").symlink_to(".")
        other = tmp_path / "door" / "p.json"
    elif how == "relative path":
        other = Path(os.path.relpath(source))
    else:
        other = source
    return other


@pytest.mark.parametrize("how", ["same name", "symlink", "hard link", "symlink of a folder", "relative path"])
def test_an_output_that_is_the_input_is_refused(tmp_path: Path, how: str) -> None:
    """By whatever name."""
    with pytest.raises(UsageError, match=r"--output .* is the same file as the problem, which would be lost; write"):
        check_outputs({"--output": same(tmp_path, how)}, {"the problem": tmp_path / "p.json"}, "write elsewhere")


def test_two_outputs_to_one_file_are_refused(tmp_path: Path) -> None:
    """Also when it does not exist yet; two files are fine."""
    with pytest.raises(UsageError, match=r"--second .* is the same file as --output; name two files"):
        check_outputs({"--output": tmp_path / "a", "--second": f"{tmp_path}/../{tmp_path.name}/a"}, {}, "")
    check_outputs({"--output": tmp_path / "a", "--second": tmp_path / "b"}, {"FILE": tmp_path / "absent"}, "")


def test_an_input_that_is_missing_is_not_in_the_way(tmp_path: Path) -> None:
    """That it can't be read is for the reader to say."""
    check_outputs({"--output": tmp_path / "absent"}, {"FILE": tmp_path / "absent"}, "")


def test_an_output_without_a_name_is_told() -> None:
    """As of a variable that the shell does not have; it was called a folder, the one of now."""
    with pytest.raises(UsageError, match=r'^"" is no name of a file to write$'):
        check_outputs({"--output": ""}, {}, "")


def test_devices_may_be_read_and_written() -> None:
    """There is nothing to lose."""
    check_outputs({"--output": os.devnull, "--second": os.devnull}, {"FILE": os.devnull}, "")


@pytest.mark.skipif(os.name == "nt", reason="links and the length of names are as on Unix here")
@pytest.mark.parametrize(
    ("name", "words"),
    [("x" * 300 + ".json", "File name too long"), ("circle.yaml", "Too many levels of symbolic links")],
    ids=["long", "circle"],
)
def test_a_path_that_no_file_can_have_is_told(name: str, words: str, tmp_path: Path) -> None:
    """In words, before a search and at the writing; a link stays as it was."""
    target = tmp_path / name
    if name.startswith("circle"):
        target.symlink_to(name)
    with pytest.raises(UsageError, match=f"can't be written: {words}"):
        check_outputs({"--output": target}, {"the problem": "-"}, "name another file")
    with pytest.raises(UsageError, match=f"can't be written: {words}"):
        placement.write({"a": 1}, target)
    with pytest.raises(UsageError, match=f"can't be written: {words}"):
        write_file("a page", target)
    assert [path.name for path in tmp_path.iterdir()] == ([name] if name.startswith("circle") else [])

"""What all platforms share: notes, the import as a problem, and a folder that is written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from placement.documents import read_problem, write_document
from placement.errors import DocumentError, UsageError
from placement.integrations import Exported, Imported, Note, Notes
from placement.integrations.exported import LISTING, check_directory, file_name

DOCUMENT: dict[str, Any] = {
    "accelerators": {},
    "instance_types": {"cpu": {"vcpus": 4, "memory_gib": 8, "price_per_hour": 1}},
    "pools": [{"name": "a", "instance_type": "cpu", "zone": "z"}],
    "components": [],
    "placements": [],
}
FILES = {"01-first.json": "{}\n", "more/02-second.json": "[1]\n"}


def found(folder: Path) -> dict[str, str]:
    """Every file below a folder, with what it holds."""
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()
    }


def test_notes_come_once_and_in_order() -> None:
    """A note that is given twice stands once."""
    notes = Notes()
    notes.ignored("pod a spec.x", "there is nothing like it")
    notes.assumed("pod a spec.y", "not told")
    notes.ignored("pod a spec.x", "there is nothing like it")
    notes.reconstructed("b", "counts")
    notes.suggested("c", "spot")
    notes.inexact("d", "no pins")

    assert [note.kind for note in notes] == ["ignored", "assumed", "reconstructed", "suggested", "inexact"]
    assert str(next(iter(notes))) == "pod a spec.x: ignored: there is nothing like it"


def test_an_import_is_a_problem_with_comments(tmp_path: Path) -> None:
    """Empty sections go, required ones stay; notes stand above the YAML, and no name of theirs ends the comment."""
    made = Imported.of(DOCUMENT, [Note("assumed", "pod x\ninstances: []", "y")])
    write_document(made.problem.to_document(), tmp_path / "p.yaml", made.remarks())

    assert list(made.problem.to_document()) == ["format", "instance_types", "pools", "components"]
    assert read_problem(tmp_path / "p.yaml") == made.problem
    assert (tmp_path / "p.yaml").read_text("utf-8").startswith("# pod x␊instances: []: assumed: y\nformat:")


def test_an_import_that_is_no_problem_names_its_source() -> None:
    """The faults are those of the problem, told of what was read."""
    pools = [{"name": "a", "instance_type": "no", "zone": "z"}]
    with pytest.raises(DocumentError, match=r'the endpoint at \$\.pools\[0\]\.instance_type: .*got "no"'):
        Imported.of({**DOCUMENT, "pools": pools}, source="the endpoint")


def test_files_are_written_in_a_folder_of_their_own(tmp_path: Path) -> None:
    """With their listing, in order; nothing else is left beside them."""
    Exported(FILES).write(tmp_path / "out")

    there = found(tmp_path / "out")
    assert json.loads(there.pop(LISTING))["files"] == list(FILES)
    assert there == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").stat().st_mode & 0o700 == 0o700


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    """With --force the folder is replaced as a whole, when an export wrote all of it."""
    out = tmp_path / "out"
    Exported(FILES).write(out)
    before = found(out)
    with pytest.raises(UsageError, match=r"out is there already; .*--force"):
        Exported({"x": "y"}).write(out)
    assert found(out) == before

    Exported({"x": "y"}).write(out, force=True)
    assert set(found(out)) == {"x", LISTING}
    (out / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match=r"holds files that no export wrote \(mine\.txt\)"):
        Exported(FILES).write(out, force=True)
    assert set(found(out)) == {"x", LISTING, "mine.txt"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("listing", ["", "{}", "[]", '{"files": 1}', '{"files": [1]}', "[" * 100_000])
def test_a_damaged_listing_claims_nothing(tmp_path: Path, listing: str) -> None:
    """Files are an export's only when its listing says so."""
    (tmp_path / LISTING).write_text(listing)
    (tmp_path / "mine.txt").write_text("keep")

    with pytest.raises(UsageError, match="no export wrote"):
        Exported(FILES).write(tmp_path, force=True)


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    """Made by hand, or for the purpose; a link to it stays a link."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")

    Exported(FILES).write(tmp_path / "link")

    assert (tmp_path / "link").is_symlink()
    assert set(found(tmp_path / "real")) == {*FILES, LISTING}


def test_what_fails_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a new folder, nor a changed one, nor what was written beside it."""
    Exported(FILES).write(tmp_path / "out")
    before = found(tmp_path / "out")
    with pytest.raises(UsageError, match="half a surrogate pair"):
        Exported({"a": "b", "c": "\ud800"}).write(tmp_path / "out", force=True)
    with pytest.raises(UsageError, match="half a surrogate pair"):
        Exported({"a": "b", "c": "\ud800"}).write(tmp_path / "new")

    move = Path.replace

    def fails(self: Path, target: Path) -> Path:
        if self.name.endswith(".part"):
            raise OSError(5, "Input/output error")
        return move(self, target)

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(UsageError, match="Input/output error"):
        Exported({"x": "y"}).write(tmp_path / "out", force=True)

    assert found(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("no/such/folder", "there is no folder"), ("file", "is no folder"), ("", "no name of a folder"), ("a\0", "null")],
)
def test_a_target_that_can_not_be_is_refused(tmp_path: Path, name: str, said: str) -> None:
    """Before anything is computed."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=said):
        check_directory(f"{tmp_path}/{name}" if name else "", force=True)


@pytest.mark.parametrize("name", ["../x", "/etc/x", "", "a\\b", "a/../../b", LISTING])
def test_names_stay_in_the_folder(name: str) -> None:
    """An exporter that lets a name lead out has a bug."""
    with pytest.raises(ValueError, match=r"inside a folder|one file"):
        Exported({name: ""})


def test_names_that_differ_in_case_alone_are_one_file() -> None:
    """They are on some systems."""
    with pytest.raises(ValueError, match="one file on some systems"):
        Exported({"A.json": "", "a.json": ""})


@pytest.mark.parametrize("text", ["$(reboot)", "..", "a/b\\c", "\n", "", ".hidden", "x" * 500, "é" * 3, "con\0"])
def test_a_file_name_of_any_text_is_a_file_name(text: str) -> None:
    """Letters, digits, dots and dashes; not empty, not hidden, not long."""
    name = file_name(text)

    Exported({name: ""})
    assert 0 < len(name) <= 80
    assert name.replace("-", "").replace(".", "").isalnum()
    assert name[0] not in "-."

"""What a plan becomes for a platform: text files in the order in which they are used, and notes.

They are written to a folder of their own, whole or not at all: beside it first, then renamed. What stands there is
replaced when that is asked for, and only when an export wrote all of it.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from placement.errors import UsageError, printable
from placement.integrations.notes import Note

LISTING = ".placement-export.json"  # names of the files that an export wrote, in order
_PART, _OLD = ".part", ".old"
_MOST_NAME = 80


@dataclass(frozen=True, slots=True)
class Exported:
    """Texts by file name (with ``/`` between folders), in the order in which they are used, and the notes."""

    files: Mapping[str, str]
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        """Refuse names that lead out of the folder, and those that differ in case alone."""
        seen: dict[str, str] = {}
        for name in (*self.files, LISTING):
            path = PurePosixPath(name)
            if not name or path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
                raise ValueError(f"{name!r} is no name of a file inside a folder")
            if path.as_posix().lower() in seen:
                raise ValueError(f"{name!r} and {seen[path.as_posix().lower()]!r} are one file on some systems")
            seen[path.as_posix().lower()] = name

    def write(self, directory: str | Path, *, force: bool = False) -> None:
        """Write all files into a folder, or none of them.

        A folder that is there is refused, unless it is empty, or `force` is given and an earlier export wrote all that
        is in it: then it is replaced as a whole.

        Raises
        ------
        UsageError
            The folder is there, has files that no export wrote, or can't be written; what stood there is untouched.
        """
        target = Path(directory)
        check_directory(target, force=force)
        parent = Path(os.path.realpath(target)).parent
        try:
            beside = Path(tempfile.mkdtemp(dir=parent, prefix=f".{target.name}.", suffix=_PART))
        except OSError as error:
            raise _unwritable(target, error) from None
        try:
            self._fill(beside)
            _exchange(beside, Path(os.path.realpath(target)))
        except UnicodeEncodeError:
            raise UsageError(f"{printable(str(target))}: can't be written: half a surrogate pair is no text") from None
        except OSError as error:
            raise _unwritable(target, error) from None
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def _fill(self, folder: Path) -> None:
        mask = os.umask(0)
        os.umask(mask)
        folder.chmod(0o777 & ~mask)  # mkdtemp gives it to its owner alone
        listing = json.dumps({"format": "placement-export/v1", "files": list(self.files)}, indent=1) + "\n"
        for name, text in {**self.files, LISTING: listing}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())


def check_directory(directory: str | Path, *, force: bool) -> None:
    """Refuse a folder that `Exported.write` would refuse: better said before a long computation than after it.

    Raises UsageError: the folder is there and may not be replaced, or its parent is not there.
    """
    target = Path(directory)
    shown = printable(str(directory))
    try:
        if not str(directory):
            raise UsageError('"" is no name of a folder')
        if not Path(os.path.realpath(target)).parent.is_dir():
            raise UsageError(f"{shown}: can't be written: there is no folder {printable(str(target.parent))}")
        if not os.path.lexists(target):
            return
        if not target.is_dir():
            raise UsageError(f"{shown} is there already and is no folder; name another one")
        found = sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if not path.is_dir())
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        raise UsageError(f"{shown}: can't be read: {getattr(error, 'strerror', None) or error}") from None
    if not found:
        return
    if not force:
        raise UsageError(f"{shown} is there already; name another folder, or replace what is in it with --force")
    foreign = [name for name in found if name not in _listed(target)]
    if foreign:
        names = ", ".join(map(printable, foreign[:3])) + (", …" if len(foreign) > 3 else "")
        raise UsageError(f"{shown} holds files that no export wrote ({names}); name another folder")


def _listed(folder: Path) -> set[str]:
    """Names that an earlier export wrote there; none where its listing is missing or damaged."""
    try:
        listing = json.loads((folder / LISTING).read_text("utf-8"))
        files = listing["files"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()
    return {LISTING, *filter(lambda name: isinstance(name, str), files)} if isinstance(files, list) else set()


def _exchange(beside: Path, target: Path) -> None:
    """Put a finished folder in place of what stands there, which comes back if that fails."""
    if not target.exists():
        beside.replace(target)
        return
    old = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=_OLD))
    target.replace(old)
    try:
        beside.replace(target)
    except OSError:
        old.replace(target)
        raise
    with suppress(OSError):
        shutil.rmtree(old)


def _unwritable(target: Path, error: OSError) -> UsageError:
    return UsageError(f"{printable(str(target))}: can't be written: {error.strerror or error}")


def file_name(*parts: str) -> str:
    """A name for a file from names of documents: letters, digits, dots and dashes of them, and never hidden.

    Two names may give one: put a number in front, which is also the order in which the files are used.

    >>> file_name("01", "chat 8b; rm -rf /", "p4d/a")
    '01-chat-8b-rm-rf-p4d-a'
    """
    words = (re.sub(r"[^A-Za-z0-9.]+", "-", part).strip("-.") for part in parts)
    return "-".join(word for word in words if word)[:_MOST_NAME].strip("-.") or "file"

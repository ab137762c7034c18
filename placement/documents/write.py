"""Writing documents: beside the target first, then renamed over it, so a crash never leaves half a file."""

import json
import os
import re
import stat
import sys
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from placement import arguments
from placement.documents.read import STDIN, YAML_SUFFIXES
from placement.errors import UsageError, printable

try:
    import fcntl
except ImportError:  # Windows
    _CAN_LOCK = False
else:
    _CAN_LOCK = True

from collections.abc import Callable, Iterator, Mapping, Sequence

_PART = ".part"
_BORDER, _LINES = "}, {", "},\n  {"  # between two rows, as encoded and as written


def check_outputs(outputs: Mapping[str, str | Path], inputs: Mapping[str, str | Path], way_out: str) -> None:
    """Refuse to write over what is read, two documents to one file, or where nothing can be written.

    `outputs`, `inputs`: files by what they are called, such as ``--output`` and ``the problem``; ``-`` is standard
        output or input, which may be a file as well. Links and other names of a file are looked through.
    `way_out`: what to do instead, as half a sentence.
    Raises UsageError: two of them are one file, or one can't be written: better said before a long search than after
    it.
    """
    there = {name: path for name, path in inputs.items() if str(path) == STDIN or os.access(path, os.F_OK)}
    read = {name: file for name, path in there.items() if (file := _file(path, "stdin")) is not None}
    written: dict[object, str] = {}
    for name, path in outputs.items():
        shown = name if str(path) == STDIN else f"{name} {path}"
        file = _file(path, "stdout")
        for other, source in read.items():
            if file == source:
                raise UsageError(f"{shown} is the same file as {other}, which would be lost; {way_out}")
        if file in written:
            raise UsageError(f"{shown} is the same file as {written[file]}; name two files")
        if file is not None:
            written[file] = name
        if str(path) != STDIN:
            check_target(path)


def check_target(path: str | Path) -> None:
    """Refuse a file that can't be written.

    Raises UsageError: it is a folder, its folder is not there, or nothing may be written in that; or it is no name at
    all.
    """
    if not str(path):  # as of a variable that a shell does not have: a Path of it is this folder
        raise UsageError('"" is no name of a file to write')
    target = Path(path)
    shown, folder = printable(str(target)), printable(str(target.parent))
    kind = _kind(target)
    if kind is not None and stat.S_ISDIR(kind):
        raise UsageError(f"{shown}: can't be written: it is a folder")
    if kind is not None and not stat.S_ISREG(kind):
        return  # a device or a pipe, written as it is
    if not target.parent.is_dir():
        raise UsageError(f"{shown}: can't be written: there is no folder {folder}")
    if not os.access(target.parent, os.W_OK):
        raise UsageError(f"{shown}: can't be written: no permission to write in {folder}")


def _kind(target: Path) -> int | None:
    """What stands at a path, behind its links: the mode of `stat`; None where nothing does."""
    try:
        return target.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError(f"{printable(str(target))}: can't be written: {error.strerror}") from None


def _file(path: str | Path, stream: str) -> object:
    """What a regular file is known by, whatever its name; None for a device, a pipe, or a terminal."""
    try:
        found = os.fstat(getattr(sys, stream).fileno()) if str(path) == STDIN else Path(path).stat()
    except FileNotFoundError:
        return os.path.realpath(path)
    except (OSError, ValueError, AttributeError):
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def write_document(document: dict[str, Any], path: str | Path, remarks: Sequence[str] = ()) -> None:
    """Write a document as YAML when the name ends so, else as JSON; ``-`` is standard output (JSON).

    `remarks` stand as comments above the rows of YAML; JSON has no comments.

    Raises
    ------
    UsageError
        The file can't be written, or the document holds something that no file can; what stood there before is
        untouched.
    """
    with _ready(_document_writer(document, path, remarks), path) as put:
        put()


def write_together(files: Sequence[tuple[dict[str, Any] | str | bytes, str | Path]]) -> None:
    """Write several files, each to its path as `write_document` and `write_file` do: all of them, or none.

    Each is written beside its file before any is put in its place; what goes to standard output, a device or a pipe,
    and can't be taken back, before any file is put there. Where one can't be put in its place (another program holds
    the file there, say) those before it are taken back. A reader of standard output that goes away early has seen
    enough: the files are put all the same.
    Raises UsageError: as of `write_document`, by the first that can't be written; what stood at the other paths before
    is untouched.
    Raises BrokenPipeError: nobody reads standard output any more; the files are there.
    """
    unread: BrokenPipeError | None = None
    rows = sorted(files, key=lambda row: _is_kept(row[1]))
    with ExitStack() as stack, ExitStack() as back:
        for put, (_, path) in [(stack.enter_context(_ready(_writer(*row), row[1])), row) for row in rows]:
            if len(rows) > 1 and _is_kept(path):
                back.enter_context(_taken_back(Path(path)))
            try:
                put()
            except BrokenPipeError as error:
                unread = error
    if unread is not None:
        raise unread


def _is_kept(path: str | Path) -> bool:
    """Whether what is written there goes to a file, and not to standard output, a device or a pipe."""
    kind = None if str(path) == STDIN else _kind(Path(path))
    return str(path) != STDIN and (kind is None or stat.S_ISREG(kind))


def _writer(content: dict[str, Any] | str | bytes, path: str | Path) -> Callable[[TextIO], object]:
    return _document_writer(content, path) if isinstance(content, dict) else partial(_write_text, content)


def _document_writer(
    document: dict[str, Any], path: str | Path, remarks: Sequence[str] = ()
) -> Callable[[TextIO], object]:
    target = Path(arguments.path("path", path))
    rule = "a dictionary, such as problem.to_document() or result.to_document() give"
    arguments.instance("document", document, dict, rule)
    for key in document:
        arguments.instance("every key of document", key, str, "text")
    is_file = _is_kept(path)
    named = target.resolve() if target.is_symlink() else target
    is_yaml = is_file and named.suffix.lower() in YAML_SUFFIXES
    return partial(_write_yaml, document, remarks) if is_yaml else partial(_write_json, document)


def _write_text(content: str | bytes, stream: TextIO) -> None:
    if isinstance(content, bytes):
        stream.buffer.write(content)
    else:
        stream.write(content)


def write_file(content: str | bytes, path: str | Path) -> None:
    """Write a page or a picture, whole or not at all; ``-`` is standard output.

    Raises UsageError: the file can't be written; what stood there before is untouched.
    """
    write_together([(content, path)])


def _to_standard_output(write: Callable[[TextIO], object]) -> None:
    if sys.stdout is None:
        raise UsageError("standard output is closed: name a file to write to")
    write(sys.stdout)
    sys.stdout.flush()


@contextmanager
def _ready(write: Callable[[TextIO], object], path: str | Path) -> Iterator[Callable[[], object]]:
    """Write beside a file; what is given then renames that, or writes to what is no file as it is."""
    target = Path(path)
    if not _is_kept(path):
        yield partial(_to_standard_output, write) if str(path) == STDIN else partial(_through, target, write)
        return
    if target.is_symlink():
        target = target.resolve()  # the file that the link names is replaced, not the link
    with ExitStack() as stack:
        with _in_words(target):
            _clear_stale(target)
            stream, beside = stack.enter_context(_beside(target))
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
            if not _CAN_LOCK:
                stream.close()  # where there are no locks, an open file can't be renamed either
            beside.chmod(_mode(target))
        yield partial(_rename, beside, target)


def _through(target: Path, write: Callable[[TextIO], object]) -> None:
    with _in_words(target), target.open("w", encoding="utf-8") as stream:
        write(stream)


def _rename(beside: Path, target: Path) -> None:
    with _in_words(target):
        beside.replace(target)


@contextmanager
def _taken_back(target: Path) -> Iterator[None]:
    """What is put at a path inside is taken back where something then fails: what stood there stands there again.

    It is kept by a second name meanwhile, where the file system knows that.
    """
    if target.is_symlink():
        target = target.resolve()
    was_there = target.exists()
    kept = target.with_name(f".{target.name}.{os.urandom(4).hex()}{_PART}")
    if was_there:
        with suppress(OSError):
            os.link(target, kept)
    try:
        yield
    except BaseException:
        with suppress(OSError):
            if was_there:
                kept.replace(target)
            else:
                target.unlink()
        raise
    finally:
        with suppress(OSError):
            kept.unlink(missing_ok=True)


@contextmanager
def _in_words(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"{target}: can't be written: {error.strerror}") from None
    except UnicodeEncodeError:
        raise UsageError(f"{target}: can't be written: half a surrogate pair is no UTF-8 text") from None


# --- Files beside the target. A process that is killed leaves its own behind, and the next to write there clears it:
# the lock on it went with its process, so whoever gets the lock knows that nobody writes there.


@contextmanager
def _beside(target: Path) -> Iterator[tuple[TextIO, Path]]:
    """A locked file to write to, gone at the end unless it has been renamed."""
    while True:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=_PART)
        _lock(handle, wait=True)
        if not _CAN_LOCK or os.fstat(handle).st_nlink:  # else another cleared it before it was locked
            break
        os.close(handle)
    beside = Path(name)
    stream = os.fdopen(handle, "w", encoding="utf-8")
    try:
        yield stream, beside
    finally:
        with suppress(OSError):  # what was written is on the disk already, or its error is on its way
            stream.close()
        beside.unlink(missing_ok=True)


def _clear_stale(target: Path) -> None:
    """Remove what killed processes have left beside the target; what can't be removed stays."""
    if not _CAN_LOCK:
        return
    names = re.compile(rf"\.{re.escape(target.name)}\.[a-z0-9_]{{8}}{re.escape(_PART)}")
    with suppress(OSError):
        for part in target.parent.iterdir():
            if names.fullmatch(part.name):
                with suppress(OSError):
                    _clear(part)


def _clear(part: Path) -> None:
    handle = os.open(part, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        # Once locked, the name may stand for another file: its writer has renamed this one and is done.
        if stat.S_ISREG(os.fstat(handle).st_mode) and _lock(handle, wait=False):
            found = os.lstat(part)
            if (found.st_dev, found.st_ino) == (os.fstat(handle).st_dev, os.fstat(handle).st_ino):
                part.unlink()
    finally:
        os.close(handle)


def _lock(handle: int, *, wait: bool) -> bool:
    """Lock an open file until it is closed or the process ends; False when another holds it or locks are not known."""
    if not _CAN_LOCK:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _mode(target: Path) -> int:
    """The mode a plain open() would give: that of the file replaced, else by the umask."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _write_json(document: dict[str, Any], stream: TextIO) -> None:
    """JSON with one line a row: a plan of a thousand copies stays readable and diffable."""
    escaped = (stream.encoding or "utf-8").lower().replace("-", "") != "utf8"  # a terminal of another age
    encode = json.JSONEncoder(ensure_ascii=escaped, allow_nan=False).encode
    parts = []
    for key, value in document.items():
        rows = isinstance(value, list) and value and all(isinstance(row, dict) for row in value)
        text = _as_lines(value, key, encode) if rows else _as_json(value, key, encode)
        parts.append(f" {json.dumps(key)}: {text}")
    stream.write("{\n" + ",\n".join(parts) + "\n}\n")


def _as_lines(rows: list[Any], key: str, encode: Callable[[Any], str]) -> str:
    """A list with one line a row.

    Encoded at once, which takes half the time, where the border of two rows is nowhere else: where it is found as often
    as there are borders.
    """
    text = _as_json(rows, key, encode)
    if text.count(_BORDER) == len(rows) - 1:
        return f"[\n  {text[1:-1].replace(_BORDER, _LINES)}\n ]"
    lines = ",\n".join(f"  {_as_json(row, key, encode)}" for row in rows)
    return f"[\n{lines}\n ]"


def _as_json(value: Any, key: str, encode: Callable[[Any], str]) -> str:
    try:
        return encode(value)
    except (TypeError, ValueError, RecursionError) as error:  # a set, an object, NaN, a list that holds itself
        raise UsageError(f"document can't be written: {key}: {error}") from None


def _write_yaml(document: dict[str, Any], remarks: Sequence[str], stream: TextIO) -> None:
    from ruamel.yaml import YAML
    from ruamel.yaml.representer import RepresenterError

    from placement.documents.yaml_quotes import TextsInQuotes
    from placement.documents.yaml_rows import comment

    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = TextsInQuotes
    yaml.default_flow_style = None  # leaf rows on one line
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 1_000_000  # the emitter folds long rows inside keys that contain blanks, which no reader then takes
    yaml.allow_unicode = True
    stream.writelines(f"{line}\n" for remark in remarks for line in comment(printable(remark)))
    try:
        yaml.dump(document, stream)
    except RepresenterError as error:
        raise UsageError(f"document can't be written: {' '.join(map(str, error.args))}") from None

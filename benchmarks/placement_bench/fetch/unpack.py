"""What is in a downloaded file: RAR, TAR and plain files as (name, contents)."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from placement.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

# RAR is a closed format: these programs read it, and Python needs one of them in any case.
_RAR_TOOLS = {
    "bsdtar": lambda archive, folder: ["bsdtar", "-xf", archive, "-C", folder],
    "unrar": lambda archive, folder: ["unrar", "x", "-idq", archive, f"{folder}/"],
    "7z": lambda archive, folder: ["7z", "x", f"-o{folder}", archive],
    "7zz": lambda archive, folder: ["7zz", "x", f"-o{folder}", archive],
    "unar": lambda archive, folder: ["unar", "-quiet", "-output-directory", folder, archive],
}


def contents(file: Path) -> Iterator[tuple[str, bytes]]:
    """The files in an archive by their names without folders; a file that is no archive by its own.

    Raises
    ------
    UsageError
        It can't be read, or it is a RAR archive and no program here reads those.
    """
    if file.name.endswith(".rar"):
        yield from _rar(file)
    elif file.name.endswith(".tar.gz"):
        yield from _tar(file)
    else:
        yield file.name, file.read_bytes()


def rar_tool() -> str:
    """The program that reads RAR archives here."""
    for tool in _RAR_TOOLS:
        if shutil.which(tool):
            return tool
    raise UsageError(
        "this set comes as a RAR archive, which Python can't read: install one of "
        f"{', '.join(_RAR_TOOLS)} (bsdtar is in the package libarchive-tools or bsdtar), then run again"
    )


def _rar(file: Path) -> Iterator[tuple[str, bytes]]:
    tool = rar_tool()
    with tempfile.TemporaryDirectory() as folder:
        command = _RAR_TOOLS[tool](str(file), folder)
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            raise UsageError(f"{tool} can't read {file}: {(done.stderr or done.stdout).strip()[-300:]}")
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path.name, path.read_bytes()


def _tar(file: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(file) as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is not None:
                    yield Path(member.name).name, stream.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise UsageError(f"{file} is no archive that can be read: {error}") from None

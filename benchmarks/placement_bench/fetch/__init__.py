"""Original case files from their public addresses, into a folder laid out as the published sets are.

Licences of several sets forbid redistribution, so nothing of them is in this package: only where they are, at which
commit, and digests of what they must hold. What was downloaded stays in ``.downloads`` beside the sets; a run that
broke off goes on from there, and one whose files are all in place asks the network nothing.

Best-known values are not fetched: for most sets they were computed or gathered for the published folder, and have no
address. Without its ``best_known.csv`` a set runs all the same, with nothing to compare to.
"""

from __future__ import annotations

import os
import urllib.parse
import zipfile
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from placement.errors import UsageError, nearest
from placement_bench.fetch.catalogue import FAMILIES, SERVER, Family
from placement_bench.fetch.contents import as_bpp, is_pinned
from placement_bench.fetch.download import download
from placement_bench.fetch.unpack import contents, rar_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

__all__ = ["FAMILIES", "SERVER", "Family", "fetch", "fetch_family"]

_DOWNLOADS = ".downloads"
_DATE = (1980, 1, 1, 0, 0, 0)  # the same archive whenever it is made


def fetch(sets: Sequence[str], data: Path, *, say: Callable[[str], None]) -> None:
    """Get the files of some sets into `data`; of all that have an address when none is named.

    Parameters
    ----------
    sets : names of benchmark sets (``falkenauer-u``) or of folders (``bpplib``).
    data : made where it is not there.
    say : told what happens, a line at a time.

    Raises
    ------
    UsageError
        No such set, no network, no such file, contents that are not the pinned ones, or no program that reads RAR.
    """
    for family in _chosen(sets):
        fetch_family(family, data, say=say)


def fetch_family(family: Family, data: Path, *, say: Callable[[str], None], server: str = SERVER) -> None:
    """Get one family, whole or not at all; nothing is done when it is there."""
    target = data / family.folder / f"{family.name}.zip"
    if target.exists():
        _check_present(family, target)
        say(f"{target}: there already")
        return
    if any(path.endswith(".rar") for path in family.files):
        rar_tool()  # say so before the download rather than after
    downloads = [_downloaded(path, data / _DOWNLOADS, server, say) for path in family.files]
    texts = _texts(family, downloads)
    if not is_pinned(texts, family.count, family.pinned) or len(texts) != family.count:
        for file in downloads:
            file.unlink()
        raise UsageError(
            f"what {server} has of {family.folder}/{family.name} is not what is pinned: {len(texts)} of {family.count} "
            "cases, or other contents; nothing was kept"
        )
    _write(target, family, texts)
    say(f"{target}: {len(texts)} cases")


def _chosen(sets: Sequence[str]) -> list[Family]:
    names = {name for family in FAMILIES for name in (family.folder, *family.sets)}
    for name in sets:
        if name not in names:
            raise UsageError(f'no public address is known for a set "{name}"; {nearest(name, sorted(names))}')
    return [family for family in FAMILIES if not sets or {family.folder, *family.sets} & {*sets}]


def _downloaded(path: str, folder: Path, server: str, say: Callable[[str], None]) -> Path:
    """The file at a path of the server, from the network only when it is not in the folder yet."""
    file = folder / path
    if not file.exists():
        say(f"getting {path}")
        download(f"{server}/{urllib.parse.quote(path)}", file)
    return file


def _texts(family: Family, downloads: Iterable[Path]) -> dict[str, str]:
    """The family's case files by name without ending."""
    texts = {}
    for file in downloads:
        for name, raw in contents(file):
            stem = name.removesuffix(family.ending)
            if name.endswith(family.ending) and fnmatchcase(stem, family.pattern):
                text = raw.decode(errors="replace")
                texts[stem] = as_bpp(name, text) if family.one_dimensional else text
    return texts


def _check_present(family: Family, target: Path) -> None:
    try:
        with zipfile.ZipFile(target) as archive:
            texts = {
                name.rpartition("/")[2].removesuffix(family.ending): archive.read(name).decode(errors="replace")
                for name in archive.namelist()
            }
    except zipfile.BadZipFile:
        texts = {}
    if family.one_dimensional:
        texts = {name: as_bpp(name, text) for name, text in texts.items()}
    if not is_pinned(texts, family.count, family.pinned):
        raise UsageError(f"{target} is there and is not what is pinned; move it away, then run again")


def _write(target: Path, family: Family, texts: dict[str, str]) -> None:
    """The archive, written beside and renamed, so that no half of it is ever read."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
            for stem in sorted(texts):
                archive.writestr(zipfile.ZipInfo(f"{stem}{family.ending}", _DATE), texts[stem], zipfile.ZIP_DEFLATED)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)

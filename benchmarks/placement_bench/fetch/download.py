"""One file from one address: kept on the way, so that a cut connection costs only what was not read yet.

Plain `urllib`: it knows proxies (HTTPS_PROXY), certificates and ranges, and one file at a time is all there is to do.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING

from placement.errors import UsageError

if TYPE_CHECKING:
    from http.client import HTTPResponse
    from pathlib import Path

_TIMEOUT = 60.0  # seconds without a byte
_CHUNK = 1 << 16
_REFUSED_RANGE = 416


def download(address: str, target: Path) -> None:
    """Get a file, whole or not at all: it grows as ``NAME.part`` and is renamed when its length is right.

    A part that an earlier run left is gone on with, if the server can do so.

    Raises
    ------
    UsageError
        The address can't be reached, has no such file, or the connection was cut. The message tells the way on.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    try:
        _receive(address, part)
    except urllib.error.HTTPError as error:
        raise UsageError(f"{address}: the server says {error.code} {error.reason}") from None
    except (urllib.error.URLError, HTTPException, OSError) as error:
        reason = getattr(error, "reason", error) or type(error).__name__
        raise UsageError(
            f"{address} can't be reached or broke off: {reason}; run again to go on (behind a proxy, set HTTPS_PROXY)"
        ) from None
    part.replace(target)


def _receive(address: str, part: Path) -> None:
    """Fill `part`; returns only when it has the length that the server announced, if it did."""
    held = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={held}-"} if held else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != _REFUSED_RANGE or not held:
            raise
        part.unlink()  # longer than the file: not a part of it
        return _receive(address, part)
    with response:
        goes_on = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {held}-")
        length = _length(response)
        whole = None if length is None else length + (held if goes_on else 0)
        with part.open("ab" if goes_on else "wb") as stream:
            while chunk := response.read(_CHUNK):
                stream.write(chunk)
    if whole is not None and part.stat().st_size != whole:
        raise OSError(f"{part.stat().st_size} of {whole} bytes came")
    return None


def _length(response: HTTPResponse) -> int | None:
    announced = response.headers.get("Content-Length")
    return int(announced) if announced and announced.isdigit() else None

"""Fetching case files, from a server on this machine: good days, bad days, and the pinned contents."""

from __future__ import annotations

import io
import sys
import tarfile
import threading
import zipfile
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from placement.errors import UsageError
from placement_bench.fetch import FAMILIES, Family, fetch, fetch_family
from placement_bench.fetch.contents import as_bpp, digest, is_pinned, known
from placement_bench.sets import bpplib, conflicts, variable, vector
from placement_bench.sets.archives import members

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "published"
TEXTS = {f"class1_{i}": f"1\n10\n1\n{i} 1\n" for i in range(5)}
COMMIT = "someone/something/0123/data"


class Server(ThreadingHTTPServer):
    """Files by path, the requests that came, and how many bytes to send before the connection is cut."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.cut: int | None = None
        self.ranges = True

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.requests.append((self.path, asked))
        body = self.server.files.get(self.path.lstrip("/"))
        if body is None:
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.ranges else 0
        if start >= len(body) and start:
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.wfile.write(body[start:][: self.server.cut])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    thread = threading.Thread(target=one.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield one
    one.shutdown()
    one.server_close()
    thread.join()


def tar(texts: dict[str, str], folder: str = "deep/down") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, text in {**texts, "README": "not a case"}.items():
            ending = ".vbp" if name in texts else ""
            member = tarfile.TarInfo(f"{folder}/{name}{ending}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return stream.getvalue()


def family(file: str = "Some_instances.tar.gz", **changes: Any) -> Family:
    pinned = digest({name: TEXTS[name] for name in known(TEXTS)})
    one = Family("vbp_mommessin", "some", ("vbp-some",), (f"{COMMIT}/{file}",), "class*", 5, pinned, ".vbp")
    return replace(one, **changes)


def get(one: Family, data: Path, server: Server) -> list[str]:
    told: list[str] = []
    fetch_family(one, data, say=told.append, server=server.address)
    return told


def test_a_family_is_laid_out_as_published_and_a_second_run_asks_nothing(server: Server, tmp_path: Path) -> None:
    server.files[f"{COMMIT}/Some_instances.tar.gz"] = tar(TEXTS)
    get(family(), tmp_path, server)
    archive = tmp_path / "vbp_mommessin" / "some.zip"
    assert members(archive) == [f"{name}.vbp" for name in sorted(TEXTS)]
    with zipfile.ZipFile(archive) as stream:
        assert stream.read("class1_3.vbp").decode() == TEXTS["class1_3"]
    assert [path.name for path in archive.parent.iterdir()] == ["some.zip"]
    before = archive.read_bytes()
    server.requests.clear()
    assert get(family(), tmp_path, server) == [f"{archive}: there already"]
    assert server.requests == []
    assert archive.read_bytes() == before


def test_families_of_one_archive_download_it_once(server: Server, tmp_path: Path) -> None:
    server.files[f"{COMMIT}/Some_instances.tar.gz"] = tar(TEXTS)
    get(family(), tmp_path, server)
    get(family(name="other"), tmp_path, server)
    assert len(server.requests) == 1


def test_other_contents_than_pinned_are_refused_and_not_kept(server: Server, tmp_path: Path) -> None:
    server.files[f"{COMMIT}/Some_instances.tar.gz"] = tar({**TEXTS, known(TEXTS)[0]: "1\n10\n1\n9 1\n"})
    with pytest.raises(UsageError, match="is not what is pinned: 5 of 5 cases"):
        get(family(), tmp_path, server)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    server.files[f"{COMMIT}/Some_instances.tar.gz"] = tar(TEXTS)
    get(family(), tmp_path, server)  # so the right file is got the next time


def test_a_missing_case_is_noticed(server: Server, tmp_path: Path) -> None:
    server.files[f"{COMMIT}/Some_instances.tar.gz"] = tar({name: TEXTS[name] for name in known(TEXTS)})
    with pytest.raises(UsageError, match="4 of 5 cases"):
        get(family(), tmp_path, server)


def test_404_says_so(server: Server, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Some_instances\.tar\.gz: the server says 404 Not Found"):
        get(family(), tmp_path, server)
    assert not (tmp_path / "vbp_mommessin").exists()


@pytest.mark.parametrize("ranges", [True, False])
def test_a_cut_connection_is_gone_on_with(server: Server, tmp_path: Path, ranges: bool) -> None:
    whole = tar(TEXTS)
    server.files[f"{COMMIT}/Some_instances.tar.gz"] = whole
    server.cut = 100
    server.ranges = ranges
    with pytest.raises(UsageError, match=f"100 of {len(whole)} bytes came; run again to go on"):
        get(family(), tmp_path, server)
    assert not (tmp_path / "vbp_mommessin").exists()
    server.cut = None
    get(family(), tmp_path, server)
    assert [asked for _, asked in server.requests] == [None, "bytes=100-"]
    assert (tmp_path / "vbp_mommessin" / "some.zip").is_file()


def test_a_part_longer_than_the_file_is_started_anew(server: Server, tmp_path: Path) -> None:
    whole = tar(TEXTS)
    server.files[f"{COMMIT}/Some_instances.tar.gz"] = whole
    part = tmp_path / ".downloads" / COMMIT / "Some_instances.tar.gz.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * (len(whole) + 7))
    get(family(), tmp_path, server)
    assert [asked for _, asked in server.requests] == [f"bytes={len(whole) + 7}-", None]


def test_no_network_says_so(server: Server, tmp_path: Path) -> None:
    address = server.address
    server.shutdown()
    server.server_close()
    with pytest.raises(UsageError, match=r"can't be reached or broke off: .*refused.*HTTPS_PROXY"):
        fetch_family(family(), tmp_path, say=print, server=address)


def test_single_files_are_not_asked_for_twice(server: Server, tmp_path: Path) -> None:
    """A run that ended in the middle goes on with the files that lack."""
    files = tuple(f"{COMMIT}/{name}.vbp" for name in sorted(TEXTS))
    server.files = {path: TEXTS[Path(path).stem].encode() for path in files[:3]}
    with pytest.raises(UsageError, match="404"):
        get(family(files=files), tmp_path, server)
    server.files = {path: TEXTS[Path(path).stem].encode() for path in files}
    server.requests.clear()
    get(family(files=files), tmp_path, server)
    assert [path for path, _ in server.requests] == [f"/{path}" for path in files[3:]]


def test_a_strange_archive_in_the_way_is_left_alone(server: Server, tmp_path: Path) -> None:
    archive = tmp_path / "vbp_mommessin" / "some.zip"
    archive.parent.mkdir()
    archive.write_bytes(b"mine")
    with pytest.raises(UsageError, match="is there and is not what is pinned; move it away"):
        get(family(), tmp_path, server)
    assert archive.read_bytes() == b"mine"


def test_rar_needs_a_program_and_says_which_before_the_download(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="install one of bsdtar, unrar, 7z"):
        get(family("_INPUT.rar"), tmp_path, server)
    assert server.requests == []


def test_rar_is_read_by_the_program_that_is_there(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for bsdtar that unpacks a TAR archive; equal items are taken apart on the way."""
    tool = tmp_path / "bin" / "bsdtar"
    tool.parent.mkdir()
    tool.write_text(f"#!{sys.executable}\nimport sys, tarfile\ntarfile.open(sys.argv[2]).extractall(sys.argv[4])\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent))
    server.files[f"{COMMIT}/Some%20CSP.rar"] = tar({"class1_0": "2 10\n3 1\n4 2\n"})
    text = "3\n10\n4\n4\n3\n"
    one = family("Some CSP.rar", count=1, pinned=digest({"class1_0": text}), one_dimensional=True)
    get(one, tmp_path, server)
    with zipfile.ZipFile(tmp_path / "vbp_mommessin" / "some.zip") as stream:
        assert stream.read("class1_0.vbp").decode() == text
    server.files[f"{COMMIT}/Broken.rar"] = b"no archive"
    with pytest.raises(UsageError, match=r"bsdtar can't read .*Broken\.rar"):
        get(family("Broken.rar", name="broken"), tmp_path, server)


def test_both_forms_of_one_dimensional_files_are_told_apart() -> None:
    assert as_bpp("x", "3\r\n10\r\n2\r\n5\r\n2\r\n") == "3\n10\n5\n2\n2\n"
    assert as_bpp("x", "2 10 5 1 2 2") == "3\n10\n5\n2\n2\n"
    with pytest.raises(UsageError, match="x announces 2 weights or pairs, 3 numbers follow"):
        as_bpp("x", "2 10 5 1 2")
    with pytest.raises(UsageError, match="x does not hold whole numbers"):
        as_bpp("x", "two")


def test_unknown_sets_are_named_and_every_reader_has_an_address(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match='no public address is known for a set "hard29"; did you mean "hard28"'):
        fetch(["hard29"], tmp_path, say=print)
    named = {name for one in FAMILIES for name in one.sets}
    assert named == {one.name for one in (*bpplib.SETS, *vector.SETS, *variable.SETS, *conflicts.SETS)}


@pytest.mark.parametrize("one", FAMILIES, ids=lambda one: one.name)
def test_the_published_copies_are_what_is_pinned(one: Family) -> None:
    """The digests were made from these files, so this tells that reading and pinning agree, not that either is true."""
    archive = PUBLISHED / one.folder / f"{one.name}.zip"
    if not archive.is_file():
        pytest.skip("no published sets: ../shared/published is not beside the repository")
    told: list[str] = []
    fetch_family(one, PUBLISHED, say=told.append, server="http://nowhere.invalid")
    assert told == [f"{archive}: there already"]


def test_the_held_out_part_is_not_in_the_digest_but_in_the_count() -> None:
    texts = {f"n{i}": str(i) for i in range(10)}
    kept = known(texts)
    pinned = digest({name: texts[name] for name in kept})
    check = partial(is_pinned, count=10, pinned=pinned)
    assert len(kept) == 8
    assert check(texts)
    assert check({name: texts[name] for name in kept})
    assert not check({name: texts[name] for name in kept[1:]})
    assert not check({**texts, kept[0]: "other"})

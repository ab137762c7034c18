"""Where the published files are: repositories at pinned commits, and what each family in them must hold."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

SERVER = "https://raw.githubusercontent.com"


@dataclass(frozen=True, slots=True)
class Family:
    """An archive of case files in the data folder, and where its cases come from.

    Attributes
    ----------
    folder, name : the archive is ``folder/name.zip``.
    sets : the benchmark sets that read it.
    files : paths on the server: archives, or the case files themselves.
    pattern : which case files of those archives belong to the family, by a pattern of their names without ending.
    ending : of the case files.
    count : how many cases there are.
    pinned : the digest of their contents, see `placement_bench.fetch.contents`.
    one_dimensional : written with one weight a line, as the readers expect, whatever the form in the archive.
    """

    folder: str
    name: str
    sets: tuple[str, ...]
    files: tuple[str, ...]
    pattern: str
    count: int
    pinned: str
    ending: str = ".txt"
    one_dimensional: bool = False


_BPPLIB = "mdelorme2/BPPLIB/21941c8a7e21a76a7b53e5dcb5602bf6cf00af55/Instances/Benchmarks"
_VBP = "Vectorpack/experiments_vector_paper/09a07d92dab1a134de38f0a0e661c5eab512dd9e/data"
_VSBPP = (
    "mdelorme2/Extending-the-reflect-flow-formulation-to-variable-sized-1D-cutting-and-skiving-stock-problems"
    "/195c0d94041f87c7179fa17d711d2db18086069a/2_VSCSP-VSSSP/_INPUT.rar"
)
_VSBPPC = "AnaniasMachado/cos841_VSBPPC/83df0be0d9f34b8e938fdb76924644fc75431cb9/instances"


# Digests of the contents of each family, see `placement_bench.fetch.contents`.
_PINNED = {
    "falkenauer_u": "e54d830f977c3e6bdf7afef8c564aa9a4886f82d7940d4321cbeded5a769204f",
    "falkenauer_t": "a860a60cd1d065b8b45da4f043d6a912dedd894eda887991c76a6009be868df4",
    "scholl_1": "ff1230052ec253dd8ec532764b85269da359f99ba2c37349b61a248692538b23",
    "scholl_2": "305468ad7684ea15eae769f474fbbb74499663320b7777b2f95879dc3659aab6",
    "scholl_3": "89e754ff1e235297b14f416e1b31a744e2a0b7180638365e934fb1fa5ad0cbb8",
    "waescher": "0f056a50e1d60bed7e09420722aedc9f409f1d01fa1ae6d4ac3fbddddcaf4b74",
    "schwerin_1": "f0185ea74fd0926a080a0cefe9aadb4d2c0a6270703345b3aea627ce46f6799b",
    "schwerin_2": "9f62f58798e0b5acc15ae92d3b5d64cc86e3848e60fccbea544af488fd2500d4",
    "hard28": "2b9db4cd217cf36154228b77712f350aa5d72dc1a18f0e325275e183e8ee3780",
    "randomly_generated": "787f4ca0becd2a5bcdc9b3502a3f7b5b71eff6649b323fa5f1dfd2d1e990c263",
    "ai": "54cdfcee44a669757c32c36d0b5a60d135d362ac9e17d6c2376d7e51e6f362b5",
    "ani": "af646056f1138ccb200a47efbf873215ee443c89893335d79e0a2087134c5a92",
    "gi": "7959a1151431f5c3bf6f3a3a3e3d2b0062d8c4afaa7b8809597eeb800bf95b02",
    "panigrahy": "f9406cda0eb514d0e149d518468ea1c2d36c7d62a01f94628006045e7b1a55ff",
    "new": "5d427d8ad24c3d5d815bb9b44356c538b7946df1c9c0247d22acca1047f9b5ed",
    "triplet": "d8b9d68a95fea82e3f0f12b7c1c8a4c5778b1ae6965a5252c7fee68dda0643e0",
    "crainic1": "1b1675ca052e801dd20331bcf042a52fb71e2a69cb662d64e274de8fb9cb2feb",
    "crainic2": "7f51efb1b16b8ef15a69408a58c087bc797d99e9097d7c0c1aa0c62ec6ec2a16",
    "crainic3": "50e5cf560732f11b8f010bceb41446a5cf261f230ecb0c3dd7b08d25aa34e023",
    "hemmelmayr1": "414b8abdcbb5795c5b62b02bae88a8f27aea292d2e3ac09af9acfc302c047ed4",
    "hemmelmayr2": "f60f394e35dfd6db74211bc64ac500c736b8b3940df3a07c516fb113c38a4111",
    "belov1": "b98c822e4d734c154afd9cc6b4f2d974e41d645193325f48da4221e5fa730388",
    "belov2": "e706e5ef5c44e8ca68d18fde4846f01b85575a9ecff7d9ffe59ac94aafa75702",
    "belov3": "98d2af76cb9cfcde4ea9af41075a3aa5d9e9e0e588108ac50cf4f62075fef974",
    "belov4": "bfbcc9b031d202d7c137ead42eebed4922a7c58b7209597ccc22014c2ab7f814",
    "random_x1": "d99f362b9b666dc1630730c437f8ba59468a76a4e1fb0ad66c00697fba1b040a",
    "set1_n100": "00aae59c16b9dd299f6dbe622c6669442ba9bf149f471f8d084ec6e67953487d",
    "set1_n200": "e8c6ba9c6c555107bfa84e0fe74e33fb3f22438c2d8514d06da95177d321950f",
    "set2_n100": "a5a96abfa1148f6e58923324137fc81b9f8b3ee10dfceaa1af3e528fded8cb3a",
}


def _bpplib(name: str, of: str, archive: str, pattern: str, count: int) -> Family:
    """The archives with equal items merged: the others hold the same cases at many times the size."""
    path = f"{_BPPLIB}/{archive}"
    return Family("bpplib", name, (of,), (path,), pattern, count, _PINNED[name], one_dimensional=True)


def _vbp(name: str, archive: str, count: int) -> Family:
    files = (f"{_VBP}/{archive}_instances.tar.gz",)
    return Family("vbp_mommessin", name, (f"vbp-{name}",), files, "class*", count, _PINNED[name], ".vbp")


def _vsbpp(name: str, of: str, pattern: str, count: int) -> Family:
    return Family("vsbpp_classic", name, (of,), (_VSBPP,), pattern, count, _PINNED[name])


def _vsbppc(name: str, of: str, folder: str, names: list[str]) -> Family:
    files = tuple(f"{_VSBPPC}/{folder}/{one}.txt" for one in names)
    return Family("vsbppc_ekici", name, (of,), files, "*", len(names), _PINNED[name])


def _correia(size: int) -> list[str]:
    return [f"Correia_Random_{size}_{w}_{d}_{i}" for w, d, i in product(range(1, 4), range(12), range(1, 11))]


_HS = [f"HS_Random_1_{d}_{i}" for d, i in product(range(12), range(1, 11))]

FAMILIES = (
    _bpplib("falkenauer_u", "falkenauer-u", "1_Falkenauer_CSP.rar", "Falkenauer_u*", 80),
    _bpplib("falkenauer_t", "falkenauer-t", "1_Falkenauer_CSP.rar", "Falkenauer_t*", 80),
    _bpplib("scholl_1", "scholl-1", "2_Scholl_CSP.rar", "N?C?W?_?", 720),
    _bpplib("scholl_2", "scholl-2", "2_Scholl_CSP.rar", "N?W?B?R?", 480),
    _bpplib("scholl_3", "scholl-3", "2_Scholl_CSP.rar", "HARD?", 10),
    _bpplib("waescher", "waescher", "3_Wäscher_CSP.rar", "Waescher_*", 17),
    _bpplib("schwerin_1", "schwerin-1", "4_Schwerin_CSP.rar", "Schwerin1_*", 100),
    _bpplib("schwerin_2", "schwerin-2", "4_Schwerin_CSP.rar", "Schwerin2_*", 100),
    _bpplib("hard28", "hard28", "5_Hard28_CSP.rar", "Hard28_*", 28),
    _bpplib("randomly_generated", "randomly-generated", "Randomly_Generated_CSP.rar", "BPP_*", 3840),
    _bpplib("ai", "ai", "ANI_AI_CSP.rar", "*_DI_*", 250),
    _bpplib("ani", "ani", "ANI_AI_CSP.rar", "*_NR_*", 250),
    _bpplib("gi", "gi", "Irnich CSP.rar", "cs[AB][AB]*", 240),
    _vbp("panigrahy", "Panigrahy", 1620),
    _vbp("new", "New", 1080),
    _vbp("triplet", "Triplet", 240),
    _vsbpp("crainic1", "crainic-1", "Crainic1_*", 300),
    _vsbpp("crainic2", "crainic-2", "Crainic2_*", 60),
    _vsbpp("crainic3", "crainic-3", "Crainic3_*", 480),
    _vsbpp("hemmelmayr1", "hemmelmayr-1", "Hemmelmayr1_*", 150),
    _vsbpp("hemmelmayr2", "hemmelmayr-2", "Hemmelmayr2_*", 50),
    _vsbpp("belov1", "belov-1", "Belov1_*", 50),
    _vsbpp("belov2", "belov-2", "Belov2_*", 50),
    _vsbpp("belov3", "belov-3", "Belov3_*", 50),
    _vsbpp("belov4", "belov-4", "Belov4_*", 50),
    _vsbpp("random_x1", "random-x1", "random*", 4320),
    _vsbppc("set1_n100", "ekici-1-100", "set_1/N_100", _correia(1)),
    _vsbppc("set1_n200", "ekici-1-200", "set_1/N_200", _correia(2)),
    _vsbppc("set2_n100", "ekici-2-100", "set_2/N_100", _HS),
)

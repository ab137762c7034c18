"""The steps of an export, run by a shell as they stand: a stand-in for kubectl with controllers and a scheduler.

`follow` writes an export and the cluster to a folder, runs all shell blocks of the README in order, and gives back what
then runs and how many copies of each component ran at worst. It is also the stand-in itself, as a program.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    sys.path.insert(0, os.environ["STAND_IN_ROOT"])

from tests.integrations.kubernetes import simulated

if TYPE_CHECKING:
    from placement.integrations import Exported

Json = dict[str, Any]
_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
MOST = 200  # commands of one export's steps
_PLURALS = {"statefulset": "StatefulSet", "deployment": "Deployment", "replicaset": "ReplicaSet", "rollout": "Rollout"}


def follow(found: Exported, objects: list[Json], folder: Path, most: int = MOST) -> Json:
    """What runs after the steps: `pods`, `scaled` (replicas by owner), `least` (copies that ran at worst), `log`.

    Steps that wait in vain ask for ever: more than `most` commands are a failure, however long they take.
    """
    from tests.integrations.manifests import read_objects

    folder.mkdir(exist_ok=True)
    for name, text in found.files.items():
        if name.endswith(".yaml"):
            rows = read_objects(text)
            (folder / f"{name}.json").write_text(json.dumps(rows))
    state = _first_state(objects) | {"most": most}
    (folder / "state.json").write_text(json.dumps(state))
    steps = found.files["README.md"].partition("## What")[0]
    shell = "\n".join(line.removeprefix("   ") for block in _BLOCK.findall(steps) for line in block.splitlines())
    program = f'kubectl() {{ "{sys.executable}" -S "{__file__}" "$@"; }}\nsleep() {{ :; }}\n{shell}\n'
    environment = {**os.environ, "STAND_IN_ROOT": str(Path(__file__).resolve().parents[3])}
    done = subprocess.run(
        ["/bin/bash", "-c", program],
        cwd=folder,
        capture_output=True,
        text=True,
        env=environment,
        start_new_session=True,
    )
    after: Json = json.loads((folder / "state.json").read_text())
    assert len(after["log"]) <= most, f"the steps wait in vain: {after['log'][-3:]}"
    after["errors"] = done.stderr
    return after


def _first_state(objects: list[Json]) -> Json:
    """Nodes and pods; owners with as many copies as run, and by which labels of pods."""
    pods = [row for row in objects if row["kind"] == "Pod"]
    scaled = Counter(_owner(row) for row in pods)
    state: Json = {
        "nodes": [row for row in objects if row["kind"] == "Node"],
        "pods": pods,
        "scaled": dict(scaled),
        "made": {},
        "log": [],
        "now": {},
        "least": {},
    }
    _count(state)
    return state


def _owner(pod: Json) -> str:
    """Its kind, namespace and name; of a ReplicaSet the Deployment that made it."""
    row = next(iter(pod["metadata"].get("ownerReferences", [])), {"kind": "Pod", "name": pod["metadata"]["name"]})
    kind, name = row["kind"], row["name"]
    suffix = f"-{pod['metadata']['labels'].get('pod-template-hash', '')}"
    if kind == "ReplicaSet" and name.endswith(suffix):
        kind, name = "Deployment", name.removesuffix(suffix)
    return f"{kind} {pod['metadata']['namespace']}/{name}"


def _count(state: Json) -> None:
    """Copies that run, by what a copy of the component is: its annotation, or its owner where it has none."""
    found: Counter[str] = Counter()
    for row in state["pods"]:
        if row["spec"].get("nodeName"):
            owner = _owner(row).partition(" ")[2]
            found[row["metadata"].get("annotations", {}).get("gpu-placement/component") or owner] += 1
    state["now"] = dict(found)
    for name in {*state["least"], *found}:
        state["least"][name] = min(state["least"].get(name, found[name]), found[name])


def _settle(state: Json) -> None:
    """As many pods as owners want, the cheapest to lose first; then those that wait are put where they fit."""
    for owner, wanted in state["scaled"].items():
        own = [row for row in state["pods"] if _owner(row) == owner]
        cost = {id(row): int(row["metadata"].get("annotations", {}).get(COST, 0)) for row in own}
        own.sort(key=lambda row: (bool(row["spec"].get("nodeName")), cost[id(row)]))
        for row in own[: max(0, len(own) - wanted)]:
            state["pods"].remove(row)
        for number in range(len(own), wanted):
            if owner in state["made"]:
                state["pods"].append(simulated.pod_of(json.loads(json.dumps(state["made"][owner])), number))
    _count(state)
    free = {row["metadata"]["name"]: simulated.room_of(row) for row in state["nodes"]}
    held: dict[str, list[Json]] = defaultdict(list)
    for row in state["pods"]:
        if row["spec"].get("nodeName"):
            simulated.take(free, held, row, row["spec"]["nodeName"])
    for row in state["pods"]:
        for each in state["nodes"] if not row["spec"].get("nodeName") else ():
            if simulated.fits(each, row, state["nodes"], free, held):
                simulated.take(free, held, row, each["metadata"]["name"])
                break
    _count(state)


COST = "controller.kubernetes.io/pod-deletion-cost"


def _ready(state: Json, owner: str) -> int:
    return sum(1 for row in state["pods"] if _owner(row) == owner and row["spec"].get("nodeName"))


def _target(word: str, space: str) -> str:
    kind, _, name = word.partition("/")
    return f"{_PLURALS.get(kind, kind)} {space}/{name}"


def _apply(state: Json, name: str, selector: str) -> None:
    key, _, value = selector.partition("=")
    for row in json.loads(Path(f"{name}.json").read_text()):
        if row["kind"] != "Deployment" or (selector and row["metadata"]["labels"].get(key) != value):
            continue
        owner = f"Deployment {row['metadata']['namespace']}/{row['metadata']['name']}"
        state["made"][owner] = row
        state["scaled"][owner] = row["spec"]["replicas"]


def _selected(state: Json, words: list[str], space: str) -> list[Json]:
    """Pods that `kubectl wait` is about."""
    own = [row for row in state["pods"] if row["metadata"]["namespace"] == space]
    if words[0] != "pod":
        return [row for row in own if f"pod/{row['metadata']['name']}" in words]
    wanted = dict(part.split("=") for part in words[words.index("-l") + 1].split(","))
    found = [row for row in own if wanted.items() <= row["metadata"]["labels"].items()]
    if "--field-selector" in words:
        phases = [part.partition("!=")[2] for part in words[words.index("--field-selector") + 1].split(",")]
        found = [row for row in found if row["status"].get("phase") not in phases]
    return found


def _change(state: Json, words: list[str], space: str) -> None:
    """What a command does."""
    verb = words[0]
    if verb == "apply":
        _apply(state, words[2], words[4] if "-l" in words else "")
    elif verb == "scale":
        state["scaled"][_target(words[1], space)] = int(words[2].partition("=")[2])
    elif verb == "annotate":
        for row in (row for row in state["pods"] if f"pod/{row['metadata']['name']}" in words):
            row["metadata"].setdefault("annotations", {})[COST] = "-1"
    for row in (row for row in state["nodes"] if row["metadata"]["name"] in words):
        if verb == "label":
            row["metadata"]["labels"][words[-1].rstrip("=")] = ""
        elif verb in ("cordon", "drain"):
            row["spec"]["unschedulable"] = True
    if verb == "drain":
        state["pods"] = [row for row in state["pods"] if row["spec"].get("nodeName") != words[1]]


def _answer(state: Json, words: list[str], space: str) -> int:
    """How a command ends once all has settled; what `get` prints."""
    if words[0] == "rollout":
        owner = _target(words[2], space)
        return int(_ready(state, owner) < state["scaled"][owner])
    if words[0] == "wait":
        return int(bool(_selected(state, words[2:], space)))
    if words[0] == "get":
        told = [_ready(state, _target(word, space)) for word in words[1:] if "/" in word]
        sys.stdout.write(" ".join(str(count) for count in told if count))
    return 0


def main(words: list[str]) -> int:
    """One command."""
    state = json.loads(Path("state.json").read_text())
    state["log"].append(words)
    space = words[words.index("-n") + 1] if "-n" in words else ""
    rest = [word for k, word in enumerate(words) if word != "-n" and (k == 0 or words[k - 1] != "-n")]
    _change(state, rest, space)
    _settle(state)
    result = _answer(state, rest, space)
    state["log"][-1] = [*words, f"-> {result}"]
    Path("state.json").write_text(json.dumps(state))
    if len(state["log"]) > state["most"]:
        os.killpg(0, signal.SIGKILL)  # the shell, too, which would go on asking
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

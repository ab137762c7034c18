"""Start a local Ray cluster as nodes.json has it, deploy serve.yaml, and write down what each replica says of itself.

python start_cluster.py FOLDER SEEN
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ray
from ray import serve
from ray._private import services
from ray.cluster_utils import Cluster
from ray.exceptions import RaySystemError
from ray.serve.schema import ServeDeploySchema
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE = 600  # seconds for a node to start


def main(folder: Path, out: Path) -> None:
    """The whole test; raises when a replica does not start within its time."""
    nodes = json.loads((folder / "nodes.json").read_text())["nodes"]
    config = ServeDeploySchema.model_validate(YAML(typ="safe", pure=True).load((folder / "serve.yaml").read_text()))
    services.get_node = patient(services.get_node)
    cluster = Cluster(
        initialize_head=True,
        head_node_args={"wait": False, "num_cpus": 2, "object_store_memory": 80 * 2**20, "include_dashboard": False},
    )
    machines = {}
    try:
        for node in nodes:
            keys = ("num_cpus", "num_gpus", "memory", "resources", "labels")
            has = {key: node[key] for key in keys}
            made = cluster.add_node(wait=False, object_store_memory=80 * 2**20, **has)
            machines[made.node_id] = node["machine"]
        cluster.wait_for_nodes(timeout=_PATIENCE)
        ray.init(address=cluster.address, log_to_driver=False)
        serve.start(proxy_location="Disabled")
        client = serve.context._get_global_client()  # noqa: SLF001  # what `serve deploy` asks over HTTP
        client.deploy_apps(config)
        wait(config)
        seen: dict[str, dict[str, str]] = {}
        for application in config.applications:
            for deployment in application.deployments:
                handle = serve.get_deployment_handle(deployment.name, application.name)
                told: dict[str, dict[str, str]] = {}
                for _ in range(200):
                    row = handle.tell.remote().result(timeout_s=120)
                    told[row["replica"]] = row
                    if len(told) == deployment.num_replicas:
                        break
                assert len(told) == deployment.num_replicas, f"{deployment.name}: {sorted(told)}"
                seen |= told
        rows = [{**row, "machine": machines[row["node"]]} for row in seen.values()]
        out.write_text(json.dumps(rows, indent=1))
    finally:
        serve.shutdown()
        ray.shutdown()
        cluster.shutdown()


def patient(get_node: Callable[..., Any]) -> Callable[..., Any]:
    """Ray's question whether a node has started, asked for minutes: Ray gives up after 30 s, also on a busy machine."""

    def ask(*told: Any) -> Any:
        for _ in range(_PATIENCE):
            try:
                return get_node(*told)
            except (RuntimeError, RaySystemError):
                time.sleep(1)
        return get_node(*told)

    return ask


def wait(config: ServeDeploySchema) -> None:
    """Until all applications run."""
    for _ in range(1200):
        states = {name: str(row.status.value) for name, row in serve.status().applications.items()}
        if len(states) == len(config.applications) and set(states.values()) == {"RUNNING"}:
            return
        if "DEPLOY_FAILED" in states.values():
            break
        time.sleep(1)
    raise SystemExit(f"not all applications run: {serve.status()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

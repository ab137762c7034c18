"""The stand-ins of tests do what they stand for, where tests of exports rely on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from placement.integrations import Exported
from tests.integrations.kubernetes.clusters import Json, node, pod
from tests.integrations.kubernetes.following import follow
from tests.integrations.kubernetes.schemas import check
from tests.integrations.kubernetes.simulated import run
from tests.integrations.kubernetes.test_pods import gpu, slices

if TYPE_CHECKING:
    from pathlib import Path

ONE: Json = {"deviceClassName": "gpu.nvidia.com", "count": 1}
ALL: Json = {"deviceClassName": "gpu.nvidia.com", "allocationMode": "All"}
MANY: Json = {"deviceClassName": "gpu.nvidia.com", "count": 9}


def template(name: str, request: Json) -> Json:
    """A template of claims with one request."""
    spec = {"devices": {"requests": [{"name": "r", **request}]}}
    metadata = {"name": name, "namespace": "shop"}
    return {"kind": "ResourceClaimTemplate", "metadata": metadata, "spec": {"spec": spec}}


def deployment(name: str, **template_of: Any) -> Json:
    """One copy."""
    metadata = {"labels": {"app": name}, "annotations": template_of.pop("annotations", {})}
    spec = {"containers": [{"name": "m", "image": "i", **template_of.pop("container", {})}], **template_of}
    body = {"replicas": 1, "template": {"metadata": metadata, "spec": spec}}
    return {"kind": "Deployment", "metadata": {"name": name, "namespace": "shop"}, "spec": body}


@pytest.mark.parametrize(
    ("requests", "held"),
    [
        ([{"exactly": ALL}, {"exactly": ONE}], [["gpu-0", "gpu-1"]]),
        ([{"exactly": ONE}, {"exactly": ALL}], [["gpu-0"]]),
        (
            [{"firstAvailable": [{"name": "big", **MANY}, {"name": "small", **ONE}]}, {"exactly": ONE}],
            [["gpu-0"], ["gpu-1"]],
        ),
        ([{"exactly": MANY}], []),
    ],
)
def test_claims_get_devices_as_they_ask(requests: list[Json], held: list[list[str]]) -> None:
    """All of a node or none, the first choice that can be had, and never too few."""
    objects = [template(f"t{index}", request) for index, request in enumerate(requests)]
    work = [
        deployment(f"d{index}", resourceClaims=[{"name": "c", "resourceClaimTemplateName": f"t{index}"}])
        for index in range(len(requests))
    ]
    after = run([node("n1", gpus=0)], [*objects, *work], [slices(gpu(0), gpu(1))])
    results = [row["status"]["allocation"]["devices"]["results"] for row in after if row["kind"] == "ResourceClaim"]
    assert [[row["device"] for row in rows] for rows in results] == held


def test_per_cent_of_memory_are_what_the_accelerator_has() -> None:
    """As HAMi writes them on the pod."""
    register = {"hami.io/node-nvidia-register": "GPU-a,10,24000,100,NVIDIA-A10G,0,true,0,:"}
    limits = {"nvidia.com/gpu": 1, "nvidia.com/gpumem-percentage": 25}
    work = deployment("d", container={"resources": {"limits": limits}}, annotations={"nvidia.com/use-gpuuuid": "GPU-a"})
    after = run([node("n1", annotations=register)], [work])
    (pod,) = (row for row in after if row["kind"] == "Pod")
    assert pod["metadata"]["annotations"]["hami.io/vgpu-devices-allocated"] == "GPU-a,NVIDIA,6000,0:;"


def test_a_claim_may_carry_what_only_its_driver_knows() -> None:
    """`opaque.parameters` are of any shape; fields beside them are known by name."""
    opaque = {"driver": "gpu.nvidia.com", "parameters": {"kind": "GpuConfig", "sharing": {"strategy": "MPS"}}}
    claim: Json = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": "c", "namespace": "shop"},
        "spec": {"devices": {"requests": [{"name": "r", "exactly": ONE}], "config": [{"opaque": opaque}]}},
    }
    assert check(claim) == []
    claim["spec"]["devices"]["config"][0]["opaqe"] = {}
    assert check(claim) != []


def test_steps_that_wait_in_vain_fail_after_so_many_commands(tmp_path: Path) -> None:
    """However fast the machine is: nothing ever rolls out here, and a shell would ask until the end of its days."""
    steps = "```sh\nuntil kubectl -n shop wait --for=delete pod/web-0; do sleep 5; done\n```\n"
    with pytest.raises(AssertionError, match="the steps wait in vain"):
        follow(Exported({"README.md": steps}), [node("n1"), pod("web-0", "n1", "web")], tmp_path, most=20)

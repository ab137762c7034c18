"""A stand-in for SageMaker on the loopback: it takes what the service's model takes, and refuses the rest.

It knows the calls of endpoints and inference components, registrations and policies of autoscaling, and alarms. Beyond
the model it refuses what the service was seen to refuse: a component with no copy, an endpoint without a role. Copies
go to the first machine with room, and everything is in service only when one looks again. Methods have the names of the
service's calls.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from placement.catalogue import instance_type
from placement.integrations.sagemaker.service_model import service_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest

Doc = dict[str, Any]
ACCOUNT, REGION = "111122223333", "us-east-1"
PAGE = 2  # components that a page has, however many are asked for
_SERVICES = {
    "SageMaker": "sagemaker",
    "AnyScaleFrontendService": "application-autoscaling",
    "GraniteServiceVersion20100801": "cloudwatch",
}


class Refused(Exception):
    """What the service answers with 400."""


class Platform:
    """Endpoints and components in memory.

    `stock` has the most machines of a type; absent: as many as are asked for. `delay`: looks until all is in service.
    """

    def __init__(self, stock: Mapping[str, int] | None = None, delay: int = 1) -> None:
        """Nothing runs."""
        self.delay = delay
        self.calls: list[tuple[str, Doc]] = []
        self.configs: dict[str, Doc] = {}
        self.endpoints: dict[str, Doc] = {}
        self.components: dict[str, Doc] = {}
        self.targets: dict[str, Doc] = {}
        self.policies: dict[tuple[str, str], Doc] = {}
        self.actions: dict[tuple[str, str], Doc] = {}
        self.alarms: dict[str, Doc] = {}
        self.stock = dict(stock or {})
        self.brought_back: list[str] = []  # what was outside of its range of autoscaling, at any moment
        self._lock = threading.Lock()

    def answer(self, service: str, operation: str, call: Doc) -> Doc:
        """Check a call, carry it out, and check the answer."""
        model = service_model(service)
        assert model is not None
        with self._lock:
            self.calls.append((operation, call))
            faults = model.faults(operation, call)
            if faults:
                raise Refused("; ".join(map(str, faults)))
            found: Doc = getattr(self, operation)(**call)
        with self._lock:
            self.settle()
        if "output" in model.operations[operation]:
            wrong = model.output_faults(operation, found)
            assert wrong == [], (operation, wrong)
        return found

    # --- Endpoints

    def CreateEndpointConfig(self, **call: Any) -> Doc:
        name = call["EndpointConfigName"]
        if name in self.configs:
            raise Refused(f"Cannot create already existing endpoint configuration {name}")
        if not call.get("ExecutionRoleArn"):
            raise Refused("ExecutionRoleArn is required for inference components")
        self.configs[name] = call
        return {"EndpointConfigArn": _arn("endpoint-config", name)}

    def CreateEndpoint(self, **call: Any) -> Doc:
        name = call["EndpointName"]
        if name in self.endpoints:
            raise Refused(f"Cannot create already existing endpoint {name}")
        config = self._config(call["EndpointConfigName"])
        rows = {row["VariantName"]: self._machines(row) for row in config["ProductionVariants"]}
        self.endpoints[name] = {"config": call["EndpointConfigName"], "machines": rows, "looks": self.delay}
        return {"EndpointArn": _arn("endpoint", name)}

    def _config(self, name: str) -> Doc:
        if name not in self.configs:
            raise Refused(f"Could not find endpoint configuration {name}")
        return self.configs[name]

    def _machines(self, row: Doc) -> list[str]:
        """Types of the machines that a variant begins with: pools by priority, as far as there is stock."""
        pools = sorted(row.get("InstancePools", ()), key=lambda pool: pool["Priority"])
        kinds = [pool["InstanceType"] for pool in pools] or [row["InstanceType"]]
        found: list[str] = []
        for kind in kinds:
            while len(found) < row["InitialInstanceCount"] and self.stock.get(kind, 1_000) > found.count(kind):
                found.append(kind)
        if len(found) < row["InitialInstanceCount"]:
            raise Refused("InsufficientInstanceCapacity")
        return found

    def DescribeEndpoint(self, EndpointName: str) -> Doc:
        row = self._endpoint(EndpointName)
        status = "InService" if row["looks"] <= 0 else "Creating"
        row["looks"] -= 1
        variants = []
        for variant in self._config(row["config"])["ProductionVariants"]:
            machines = row["machines"][variant["VariantName"]]
            counts = Counter(machines)
            summary = {
                "VariantName": variant["VariantName"],
                "CurrentInstanceCount": len(machines),
                "DesiredInstanceCount": len(machines),
            }
            if "InstancePools" in variant:
                summary["InstancePools"] = [
                    {"InstanceType": pool["InstanceType"], "CurrentInstanceCount": counts[pool["InstanceType"]]}
                    for pool in variant["InstancePools"]
                ]
            kept = ("ManagedInstanceScaling", "RoutingConfig", "AcceleratorPartitionLayouts")
            variants.append(summary | {key: variant[key] for key in kept if key in variant})
        return {
            "EndpointName": EndpointName,
            "EndpointArn": _arn("endpoint", EndpointName),
            "EndpointConfigName": row["config"],
            "ProductionVariants": variants,
            "EndpointStatus": status,
            **_times(),
        }

    def DescribeEndpointConfig(self, EndpointConfigName: str) -> Doc:
        config = self._config(EndpointConfigName)
        return config | {"EndpointConfigArn": _arn("endpoint-config", EndpointConfigName), "CreationTime": time.time()}

    def UpdateEndpoint(self, **call: Any) -> Doc:
        row = self._still(call["EndpointName"])
        config = self._config(call["EndpointConfigName"])
        row["config"] = call["EndpointConfigName"]
        row["machines"] = {each["VariantName"]: self._machines(each) for each in config["ProductionVariants"]}
        row["looks"] = self.delay
        return {"EndpointArn": _arn("endpoint", call["EndpointName"])}

    def UpdateEndpointWeightsAndCapacities(self, **call: Any) -> Doc:
        row = self._still(call["EndpointName"])
        for desired in call["DesiredWeightsAndCapacities"]:
            machines = row["machines"][desired["VariantName"]]
            count = desired["DesiredInstanceCount"]
            row["machines"][desired["VariantName"]] = (machines + machines[:1] * count)[:count]
        row["looks"] = self.delay
        return {"EndpointArn": _arn("endpoint", call["EndpointName"])}

    def _still(self, name: str) -> Doc:
        """An endpoint that may be updated."""
        if self._endpoint(name)["looks"] > 0:
            raise Refused(f"Cannot update in-progress endpoint {name}")
        return self._endpoint(name)

    def _endpoint(self, name: str) -> Doc:
        if name not in self.endpoints:
            raise Refused(f"Could not find endpoint {name}")
        return self.endpoints[name]

    # --- Components

    def CreateInferenceComponent(self, **call: Any) -> Doc:
        name = call["InferenceComponentName"]
        if name in self.components:
            raise Refused(f"Cannot create already existing inference component {name}")
        if self._endpoint(call["EndpointName"])["looks"] > 0:
            raise Refused(f"endpoint {call['EndpointName']} is not in service")
        if ("Specification" in call) == ("Specifications" in call):
            raise Refused("give either Specification or Specifications")
        if _is_adapter(call):
            self._check_adapter(call)
        elif call["RuntimeConfig"]["CopyCount"] < 1:
            raise Refused("CopyCount must be at least 1 at creation")
        copies = call.get("RuntimeConfig", {"CopyCount": 0})["CopyCount"]
        self.components[name] = {**call, "looks": self.delay, "copies": copies}
        return {"InferenceComponentArn": _arn("inference-component", name)}

    def _check_adapter(self, call: Doc) -> None:
        """It follows a base on its endpoint, and has neither needs nor a number of copies."""
        for row in _specifications(call):
            base = self._component(row["BaseInferenceComponentName"])
            if base["EndpointName"] != call["EndpointName"]:
                raise Refused("the base component is on another endpoint")
            if "ComputeResourceRequirements" in row or "RuntimeConfig" in call:
                raise Refused("an adapter has no resources of its own")

    def UpdateInferenceComponentRuntimeConfig(self, **call: Any) -> Doc:
        row = self._component(call["InferenceComponentName"])
        row |= {"copies": call["DesiredRuntimeConfig"]["CopyCount"], "looks": self.delay}
        return {"InferenceComponentArn": _arn("inference-component", call["InferenceComponentName"])}

    def UpdateInferenceComponent(self, **call: Any) -> Doc:
        """Another specification, where a step of 5 to 50 per cent has room beside what runs; else it goes back."""
        name = call["InferenceComponentName"]
        row = self._component(name)
        if row["looks"] > 0:
            raise Refused(f"Cannot update in-progress inference component {name}")
        if "Specification" in call and "Specifications" in call:
            raise Refused("give either Specification or Specifications")
        copies = call.get("RuntimeConfig", {"CopyCount": row["copies"]})["CopyCount"]
        rolling = call.get("DeploymentConfig", {}).get("RollingUpdatePolicy")
        step = rolling["MaximumBatchSize"]["Value"] if rolling else copies
        if rolling and not copies / 20 <= step <= copies / 2:
            raise Refused("MaximumBatchSize must be 5 to 50 per cent of the copies")
        specified: Doc = {key: call[key] for key in ("Specification", "Specifications") if key in call}
        beside: Doc = {key: row[key] for key in ("EndpointName", "VariantName") if key in row}
        self.components[f"{name} anew"] = {**beside, **specified, "copies": step}
        fits = self._placed(row["EndpointName"])[f"{name} anew"].total() == step
        del self.components[f"{name} anew"]
        row |= {"looks": self.delay, "copies": copies}
        if fits:
            self.components[name] = {
                key: value for key, value in row.items() if key not in ("Specification", "Specifications")
            } | specified
        return {"InferenceComponentArn": _arn("inference-component", name)}

    def ListInferenceComponents(self, **call: Any) -> Doc:
        names = [n for n, row in self.components.items() if row["EndpointName"] == call["EndpointNameEquals"]]
        assert call.get("SortBy", "CreationTime") == "CreationTime"
        if call.get("SortOrder", "Descending") == "Descending":  # the service's default: the newest first
            names.reverse()
        start = int(call.get("NextToken", 0))
        rows = [
            {
                "InferenceComponentName": name,
                "InferenceComponentArn": _arn("inference-component", name),
                "EndpointName": self.components[name]["EndpointName"],
                "EndpointArn": _arn("endpoint", self.components[name]["EndpointName"]),
                "VariantName": self.components[name].get("VariantName", "main"),
                **_times(),
            }
            for name in names[start : start + PAGE]
        ]
        more = {"NextToken": str(start + PAGE)} if start + PAGE < len(names) else {}
        return {"InferenceComponents": rows, **more}

    def DescribeInferenceComponent(self, InferenceComponentName: str) -> Doc:
        row = self._component(InferenceComponentName)
        placed = self._placed(row["EndpointName"]).get(InferenceComponentName, Counter())
        failed = placed.total() < row["copies"]
        status_rows = [{"InstanceType": kind, "CurrentCopyCount": count} for kind, count in placed.items()]
        status = "Failed" if failed else "InService" if row["looks"] <= 0 else "Creating"
        row["looks"] -= 1
        answer = {
            "InferenceComponentName": InferenceComponentName,
            "InferenceComponentArn": _arn("inference-component", InferenceComponentName),
            "EndpointName": row["EndpointName"],
            "EndpointArn": _arn("endpoint", row["EndpointName"]),
            "InferenceComponentStatus": status,
            "RuntimeConfig": {
                "DesiredCopyCount": row["copies"],
                "CurrentCopyCount": placed.total(),
                **({"PlacementStatus": status_rows} if status_rows else {}),
            },
            **({"VariantName": row["VariantName"]} if "VariantName" in row else {}),
            **_times(),
        }
        if failed:
            answer["FailureReason"] = "no instance has room for a copy"
        if _is_adapter(row):
            del answer["RuntimeConfig"]
        for key in ("Specification", "Specifications"):
            if key in row:
                rows = [_described(each) for each in ([row[key]] if key == "Specification" else row[key])]
                answer[key] = rows[0] if key == "Specification" else rows
        return answer

    def _component(self, name: str) -> Doc:
        if name not in self.components:
            raise Refused(f"Could not find inference component {name}")
        return self.components[name]

    def _placed(self, endpoint: str) -> dict[str, Counter[str]]:
        """Copies of each component by type: machine after machine, components as they were made."""
        free: list[tuple[str, str, list[float]]] = []
        for variant, machines in self.endpoints[endpoint]["machines"].items():
            config = self._config(self.endpoints[endpoint]["config"])
            (row,) = (each for each in config["ProductionVariants"] if each["VariantName"] == variant)
            parts = [
                p for each in row.get("AcceleratorPartitionLayouts", ()) for p in each["AcceleratorPartitionTypes"]
            ]
            for kind in machines:
                facts = instance_type(kind)
                room = [facts.accelerator_count * max(1, len(parts)), facts.vcpus, facts.memory_gib * 1024]
                free.append((variant, kind, room))
        placed: dict[str, Counter[str]] = {}
        for name, row in self.components.items():
            if row["EndpointName"] != endpoint:
                continue
            placed[name] = Counter()
            for _ in range(row["copies"]):
                for variant, kind, room in free:
                    needs = _needs(row, kind) if row.get("VariantName", variant) == variant else None
                    if needs is not None and all(need <= there for need, there in zip(needs, room, strict=True)):
                        room[:] = [there - need for need, there in zip(needs, room, strict=True)]
                        placed[name][kind] += 1
                        break
        return placed

    # --- Around

    def settle(self) -> None:
        """What the platform does by itself: copies and machines go back into their ranges, machines follow copies."""
        for resource, target in self.targets.items():
            if resource.startswith("endpoint/"):
                self._keep_machines(resource, target)
                continue
            row = self.components.get(resource.partition("/")[2], {"copies": 0})
            count = min(max(row["copies"], target["MinCapacity"]), target["MaxCapacity"])
            if count != row["copies"]:
                self.brought_back.append(resource)
                row["copies"] = count
        for name, endpoint in self.endpoints.items():
            for variant in self._config(endpoint["config"])["ProductionVariants"]:
                machines = endpoint["machines"][variant["VariantName"]]
                most = variant.get("ManagedInstanceScaling", {}).get("MaxInstanceCount", 0)
                while len(machines) < most and self._waits(name):
                    try:
                        machines[:] = self._machines({**variant, "InitialInstanceCount": len(machines) + 1})
                    except Refused:
                        break

    def _keep_machines(self, resource: str, target: Doc) -> None:
        """An update of the endpoint where the machines of a variant are outside of the range that is registered."""
        _, name, _, variant = resource.split("/")
        endpoint = self.endpoints[name]
        machines = endpoint["machines"][variant]
        count = min(max(len(machines), target["MinCapacity"]), target["MaxCapacity"])
        if count != len(machines):
            self.brought_back.append(resource)
            machines[:] = (machines + machines[:1] * count)[:count]
            endpoint["looks"] = max(1, self.delay)

    def _waits(self, endpoint: str) -> bool:
        """Whether a copy has no place."""
        placed = self._placed(endpoint)
        return any(placed[name].total() < self.components[name]["copies"] for name in placed)

    def RegisterScalableTarget(self, **call: Any) -> Doc:
        if not call["ResourceId"].startswith("endpoint/"):
            self._component(call["ResourceId"].partition("/")[2])
        if "MinCapacity" not in call or "MaxCapacity" not in call or call["MinCapacity"] > call["MaxCapacity"]:
            raise Refused("MinCapacity must be given, and not be above MaxCapacity")
        self.targets[call["ResourceId"]] = call
        return {"ScalableTargetARN": f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT}:scalable-target/x"}

    def DescribeScalableTargets(self, ServiceNamespace: str, ResourceIds: list[str], NextToken: str = "0") -> Doc:
        assert len(ResourceIds) <= 50
        told = [
            {**self.targets[name], "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/aas", **_created()}
            for name in ResourceIds
            if name in self.targets
        ]
        return _page("ScalableTargets", told, ServiceNamespace, NextToken)

    def PutScheduledAction(self, **call: Any) -> Doc:
        if call["ResourceId"] not in self.targets:
            raise Refused("No scalable target registered")
        self.actions[call["ResourceId"], call["ScheduledActionName"]] = call
        return {}

    def DescribeScheduledActions(self, ServiceNamespace: str, NextToken: str = "0") -> Doc:
        arn = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scheduledAction:x"
        rows = [{**row, "ScheduledActionARN": arn, **_created()} for row in self.actions.values()]
        return _page("ScheduledActions", rows, ServiceNamespace, NextToken)

    def PutScalingPolicy(self, **call: Any) -> Doc:
        if call["ResourceId"] not in self.targets:
            raise Refused("No scalable target registered")
        self.policies[call["ResourceId"], call["PolicyName"]] = call
        return {"PolicyARN": f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:{call['PolicyName']}", "Alarms": []}

    def DescribeScalingPolicies(self, ServiceNamespace: str, NextToken: str = "0") -> Doc:
        arn = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:x"
        rows = [{**row, "PolicyARN": arn, **_created()} for row in self.policies.values()]
        return _page("ScalingPolicies", rows, ServiceNamespace, NextToken)

    def PutMetricAlarm(self, **call: Any) -> Doc:
        self.alarms[call["AlarmName"]] = call
        return {}


def _page(key: str, rows: list[Doc], namespace: str, token: str) -> Doc:
    """A page of rows of a namespace, with the token of the next one."""
    start = int(token)
    more = {"NextToken": str(start + PAGE)} if start + PAGE < len(rows) else {}
    return {key: [{**row, "ServiceNamespace": namespace} for row in rows[start : start + PAGE]], **more}


def _specifications(row: Doc) -> list[Doc]:
    return [row["Specification"]] if "Specification" in row else row["Specifications"]


def _is_adapter(row: Doc) -> bool:
    return any("BaseInferenceComponentName" in each for each in _specifications(row))


def _needs(row: Doc, kind: str) -> list[float] | None:
    for each in _specifications(row):
        if each.get("InstanceType", kind) == kind:
            needs = each["ComputeResourceRequirements"]
            return [
                needs.get("NumberOfAcceleratorDevicesRequired", 0),
                needs.get("NumberOfCpuCoresRequired", 0),
                needs["MinMemoryRequiredInMb"],
            ]
    return None


def _described(row: Doc) -> Doc:
    """A specification as an answer has it: the image under another key."""
    found = {key: value for key, value in row.items() if key not in ("Container", "SchedulingConfig")}
    if "SchedulingConfig" in row:
        found["SchedulingConfig"] = row["SchedulingConfig"]
    if "Container" in row:
        kept = {key: value for key, value in row["Container"].items() if key != "Image"}
        image = row["Container"].get("Image")  # an adapter has an artifact alone
        deployed = {"DeployedImage": {"SpecifiedImage": image, "ResolvedImage": image}} if image else {}
        found["Container"] = kept | deployed
    return found


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name}"


def _created() -> Doc:
    return {"CreationTime": time.time()}


def _times() -> Doc:
    return {"CreationTime": time.time(), "LastModifiedTime": time.time()}


class _Handler(BaseHTTPRequestHandler):
    """JSON 1.1: the header X-Amz-Target names service and call."""

    platform: Platform

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers.get("X-Amz-Target", "")
        try:
            prefix, _, operation = target.partition(".")
            found = self.platform.answer(_SERVICES[prefix], operation, json.loads(body or b"{}"))
            self._send(200, json.dumps(found).encode())
        except Refused as error:
            self._send(400, json.dumps({"__type": "ValidationException", "message": str(error)}).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@contextmanager
def serving(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a platform, with the environment of a client that may be no other's."""
    for key in (
        "AWS_PROFILE",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "http_proxy",
        "https_proxy",
    ):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test-secret")
    for key in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(key, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    handler = type("Handler", (_Handler,), {"platform": platform})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

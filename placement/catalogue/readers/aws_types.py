"""`aws ec2 describe-instance-types`: shapes of machines, as EC2's API has them.

Amounts of memory are in MiB there. A fractional GPU has a count of 0 and a `GpuPartitionSize` below 1.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceTypeInfo.html
"""

from __future__ import annotations

from dataclasses import replace

from placement.catalogue.devices import NONE, Devices, machine_of, named_devices
from placement.catalogue.facts import Findings, InstanceFacts
from placement.catalogue.readers.fields import At, each
from placement.units import MIB_PER_GIB

KEY = "InstanceTypes"
# Where a machine's accelerators are told, and under which key each kind has its list.
_DEVICES = (("GpuInfo", "Gpus"), ("NeuronInfo", "NeuronDevices"), ("InferenceAcceleratorInfo", "Accelerators"))
_TRAINIUM2_GIB = 96  # EC2's API says 512 GiB of each; its product page, and what is sold, 96


def read_types(document: At, source: str) -> Findings:
    """The machines that a describe-instance-types output has."""
    return Findings(source, types=tuple(each(document.key(KEY).items(), _facts, source)))


def _facts(row: At) -> InstanceFacts:
    devices = (device for group, key in _DEVICES if (found := row.get(group)) for device in found.key(key).items())
    first = next(devices, None)  # an Inferentia2 is told twice, under Neuron and under inference
    own = _devices(first) if first else NONE
    efa = row.get("NetworkInfo", "EfaInfo")
    name, vcpus = row.key("InstanceType").text(), row.key("VCpuInfo", "DefaultVCpus").number()
    memory = row.key("MemoryInfo", "SizeInMiB").number() / MIB_PER_GIB
    interfaces = efa.key("MaximumEfaInterfaces").whole() if efa else None
    return replace(machine_of("aws", name, own, vcpus, memory), efa_interfaces=interfaces)


def _devices(device: At) -> Devices:
    name, count = device.key("Name").text(), device.key("Count").number()
    part = device.get("GpuPartitionSize")
    share = part.number() if part else 1.0
    memory = device.key("MemoryInfo", "SizeInMiB").number() / MIB_PER_GIB
    if name == "Trainium2":
        memory = _TRAINIUM2_GIB
    found = named_devices(name, share if share < 1 else max(count, 1), memory)
    return found or NONE

"""What AWS's command line, kubectl, SkyPilot and gpuhunt print, cut down to what is read and a little more."""

from __future__ import annotations

import json
from typing import Any

Doc = dict[str, Any]

TYPES: Doc = {
    "InstanceTypes": [
        {
            "InstanceType": "p5.48xlarge",
            "CurrentGeneration": True,
            "VCpuInfo": {"DefaultVCpus": 192},
            "MemoryInfo": {"SizeInMiB": 2097152},
            "GpuInfo": {
                "Gpus": [{"Name": "H100", "Manufacturer": "NVIDIA", "Count": 8, "MemoryInfo": {"SizeInMiB": 81920}}],
                "TotalGpuMemoryInMiB": 655360,
            },
            "NetworkInfo": {"EfaInfo": {"MaximumEfaInterfaces": 32}},
        },
        {
            "InstanceType": "g6f.large",
            "VCpuInfo": {"DefaultVCpus": 2},
            "MemoryInfo": {"SizeInMiB": 8192},
            "GpuInfo": {
                "Gpus": [{"Name": "L4", "Count": 0, "GpuPartitionSize": 0.125, "MemoryInfo": {"SizeInMiB": 2861}}]
            },
        },
        {
            "InstanceType": "inf2.xlarge",
            "VCpuInfo": {"DefaultVCpus": 4},
            "MemoryInfo": {"SizeInMiB": 16384},
            "NeuronInfo": {"NeuronDevices": [{"Name": "Inferentia2", "Count": 1, "MemoryInfo": {"SizeInMiB": 32768}}]},
            "InferenceAcceleratorInfo": {
                "Accelerators": [{"Name": "Inferentia2", "Count": 1, "MemoryInfo": {"SizeInMiB": 32768}}]
            },
        },
        {"InstanceType": "c7i.4xlarge", "VCpuInfo": {"DefaultVCpus": 16}, "MemoryInfo": {"SizeInMiB": 32768}},
    ]
}
OFFERINGS: Doc = {
    "InstanceTypeOfferings": [
        {"InstanceType": "p5.48xlarge", "LocationType": "availability-zone-id", "Location": "use1-az4"},
        {"InstanceType": "p5.48xlarge", "LocationType": "availability-zone-id", "Location": "use1-az6"},
        {"InstanceType": "g6.xlarge", "LocationType": "availability-zone", "Location": "eu-west-1b"},
        {"InstanceType": "g6.xlarge", "LocationType": "region", "Location": "eu-west-2"},
    ]
}
SPOT: Doc = {
    "SpotPriceHistory": [
        {
            "AvailabilityZone": "us-east-1a",
            "InstanceType": "g6.12xlarge",
            "ProductDescription": "Linux/UNIX",
            "SpotPrice": price,
            "Timestamp": time,
        }
        for price, time in (("1.9000", "2026-11-02T10:00:00+00:00"), ("2.1000", "2026-11-03T10:00:00+00:00"))
    ]
    + [
        {
            "AvailabilityZone": "us-east-1a",
            "InstanceType": "g6.12xlarge",
            "ProductDescription": "Windows",
            "SpotPrice": "5.0",
            "Timestamp": "2026-11-04T10:00:00+00:00",
        }
    ]
}


def product(service: str, attributes: Doc, dollars: str, unit: str = "Hrs") -> Doc:
    """A product of AWS's price list."""
    return {
        "serviceCode": service,
        "publicationDate": "2026-10-01T00:00:00Z",
        "product": {"sku": "ABC", "productFamily": "x", "attributes": attributes},
        "terms": {
            "OnDemand": {"ABC.D": {"priceDimensions": {"ABC.D.1": {"unit": unit, "pricePerUnit": {"USD": dollars}}}}},
            "Reserved": {},
        },
    }


HOSTING = product(
    "AmazonSageMaker",
    {"regionCode": "eu-west-1", "usagetype": "EU-Host:ml.g5.2xlarge", "component": "Hosting"},
    "1.6900000000",
)
LINUX = {
    "regionCode": "eu-west-1",
    "instanceType": "p5.48xlarge",
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
}
PRICES: Doc = {
    "PriceList": [
        json.dumps(HOSTING),
        json.dumps(product("AmazonEC2", LINUX, "61.5")),
        json.dumps(product("AmazonEC2", LINUX | {"operatingSystem": "Windows"}, "70.5")),
        json.dumps(product("AmazonEC2", LINUX | {"tenancy": "Dedicated"}, "80.5")),
        json.dumps(product("AmazonSageMaker", {"regionCode": "eu-west-1", "usagetype": "EU-Train:ml.g5.2xlarge"}, "9")),
    ]
}
QUOTAS: Doc = {
    "Quotas": [
        {
            "ServiceCode": service,
            "QuotaArn": f"arn:aws:servicequotas:us-east-1:123456789012:{service}/L-1",
            "QuotaName": name,
            "Value": value,
        }
        for service, name, value in (
            ("sagemaker", "ml.p5.48xlarge for endpoint usage", 3.0),
            ("sagemaker", "ml.g6.12xlarge for endpoint usage", 0.0),
            ("sagemaker", "ml.g5.xlarge for training job usage", 7.0),
            ("ec2", "Running On-Demand P instances", 400.0),
            ("ec2", "Running On-Demand G and VT instances", 96.0),
            ("ec2", "All P5 Spot Instance Requests", 192.0),
            ("ec2", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 64.0),
        )
    ]
}
SAVINGS_PLANS: Doc = {
    "savingsPlans": [
        {"savingsPlanType": "SageMaker", "state": "active", "commitment": "4.5", "region": "All"},
        {"savingsPlanType": "Compute", "state": "active", "commitment": "10"},
        {"savingsPlanType": "Compute", "state": "active", "commitment": "2.25"},
        {"savingsPlanType": "Compute", "state": "retired", "commitment": "100"},
        {"savingsPlanType": "Database", "state": "active", "commitment": "7"},
        {
            "savingsPlanType": "EC2Instance",
            "state": "active",
            "commitment": "30",
            "region": "us-east-1",
            "ec2InstanceFamily": "p5",
        },
    ],
    "nextToken": "more",
}


def reserved(kind: str, count: int, zone: str = "", **more: Any) -> Doc:
    """A row of `aws ec2 describe-reserved-instances`."""
    place = {"Scope": "Availability Zone", "AvailabilityZone": zone} if zone else {"Scope": "Region"}
    return {
        "ReservedInstancesId": f"r-{kind}-{zone}",
        "InstanceType": kind,
        "InstanceCount": count,
        "State": "active",
        "ProductDescription": "Linux/UNIX",
        "InstanceTenancy": "default",
        "OfferingType": "No Upfront",
        **place,
        **more,
    }


RESERVED: Doc = {
    "ReservedInstances": [
        reserved("p5.48xlarge", 2, "us-east-1a", AvailabilityZoneId="use1-az1"),
        reserved("p5.48xlarge", 1, "us-east-1a", AvailabilityZoneId="use1-az1"),
        reserved("p5.48xlarge", 4),
        reserved("g6.12xlarge", 5),
        reserved("p5.48xlarge", 9, State="retired"),
        reserved("p5.48xlarge", 9, ProductDescription="Windows"),
        reserved("p5.48xlarge", 9, InstanceTenancy="dedicated"),
    ]
}
COMPUTE = "Amazon Elastic Compute Cloud - Compute"
BUDGETS: Doc = {
    "Budgets": [
        {
            "BudgetName": name,
            "BudgetType": kind,
            "TimeUnit": unit,
            "BudgetLimit": {"Amount": amount, "Unit": "USD"},
            **filters,
        }
        for name, kind, unit, amount, filters in (
            ("all", "COST", "MONTHLY", "73000", {"CostFilters": {}}),
            ("models", "COST", "ANNUALLY", "87600.0", {"CostFilters": {"Service": ["Amazon SageMaker"]}}),
            (
                "machines",
                "COST",
                "DAILY",
                "48",
                {"CostFilters": {"Service": [COMPUTE]}},
            ),
            ("storage", "COST", "MONTHLY", "5", {"CostFilters": {"Service": ["Amazon Simple Storage Service"]}}),
            ("both", "COST", "MONTHLY", "5", {"CostFilters": {"Service": ["Amazon SageMaker", "AWS Glue"]}}),
            (
                "tagged",
                "COST",
                "MONTHLY",
                "5",
                {"CostFilters": {"Service": ["Amazon SageMaker"], "Region": ["us-east-1"]}},
            ),
            ("hours", "USAGE", "MONTHLY", "5", {}),
            ("new", "COST", "MONTHLY", "5", {"FilterExpression": {"Dimensions": {"Key": "SERVICE"}}}),
        )
    ]
}
SKYPILOT = (
    "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone\n"
    "p4d.24xlarge,A100,8.0,96.0,1152.0,\"{'Gpus': [{'Name': 'A100', 'Manufacturer': 'NVIDIA', 'Count': 8, "
    "'MemoryInfo': {'SizeInMiB': 40960}}], 'TotalGpuMemoryInMiB': 327680}\",21.96,9.5,us-east-1,use1-az4\n"
    "c3.large,,,2.0,3.75,,0.105,0.03,us-east-1,use1-az2\n"
    ",A100,1.0,,,A100,2.93,1.2,us-central1,us-central1-a\n"
    "a3-highgpu-8g,H100,8.0,208.0,1872.0,H100,88.49,,us-central1,us-central1-a\n"
)
GPUHUNT = (
    "instance_name,location,price,cpu,memory,gpu_count,gpu_name,gpu_memory,spot,disk_size,gpu_vendor,flags\n"
    "g5.12xlarge,us-east-1,5.672,48,192.0,4,A10G,24.0,False,,nvidia,\n"
    "g5.12xlarge,us-east-1,2.1,48,192.0,4,A10G,24.0,True,,nvidia,\n"
    "g2-standard-4,us-central1-a,0.71,4,16.0,1,L4,24.0,False,,nvidia,\n"
    "tpu,us-central1-a,9.0,4,16.0,4,v5p-8,,False,,google,\n"
)


def node(name: str, labels: Doc, allocatable: Doc, **spec: Any) -> Doc:
    """A node as kubectl prints it."""
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {
            "allocatable": allocatable,
            "capacity": {"cpu": "999", "memory": "9Ti", "nvidia.com/gpu": "99"},
            "conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": "True"}],
        },
    }


H100_LABELS = {
    "node.kubernetes.io/instance-type": "p5.48xlarge",
    "topology.kubernetes.io/region": "us-east-1",
    "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3",
    "nvidia.com/gpu.memory": "81559",
    "nvidia.com/gpu.replicas": "1",
}
H100_ROOM = {"cpu": "191450m", "memory": "2029012Mi", "nvidia.com/gpu": "8", "pods": "100"}
NODES: Doc = {
    "kind": "List",
    "apiVersion": "v1",
    "items": [
        node("gpu-1", H100_LABELS | {"topology.kubernetes.io/zone": "us-east-1a"}, H100_ROOM),
        node(
            "gpu-2",
            H100_LABELS | {"topology.kubernetes.io/zone": "us-east-1b"},
            H100_ROOM | {"memory": "2029000Mi"},
            unschedulable=True,
        ),
        node(
            "shared-1",
            {
                "node.kubernetes.io/instance-type": "g5.xlarge",
                "topology.kubernetes.io/zone": "us-east-1a",
                "nvidia.com/gpu.product": "NVIDIA-A10G-SHARED",
                "nvidia.com/gpu.memory": "23028",
                "nvidia.com/gpu.replicas": "4",
                "karpenter.sh/capacity-type": "spot",
            },
            {"cpu": "3920m", "memory": "14500000Ki", "nvidia.com/gpu": "4"},
        ),
        node("cpu-1", {"kubernetes.io/arch": "amd64"}, {"cpu": "16", "memory": "64Gi"}),
        node("odd-1", {}, {"cpu": "16", "memory": "64Gi", "nvidia.com/gpu": "2"}),
        node("mig-1", {}, {"cpu": "16", "memory": "64Gi", "nvidia.com/mig-1g.5gb": "7"}),
    ],
}
JSON_SAMPLES: dict[str, Doc] = {
    "types": TYPES,
    "offerings": OFFERINGS,
    "spot": SPOT,
    "prices": PRICES,
    "quotas": QUOTAS,
    "savings_plans": SAVINGS_PLANS,
    "reserved": RESERVED,
    "budgets": BUDGETS,
    "nodes": NODES,
}
CSV_SAMPLES = {"skypilot": SKYPILOT, "gpuhunt": GPUHUNT}

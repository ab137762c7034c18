"""What an import makes of each field of SageMaker's answers, so that none is lost without a word.

A field is read, kept for an export, or a fact about the resource that no plan changes; else a note says why it is
ignored. A field that stands in none of these tables is told too: it may be a rule. The tests hold the tables against
botocore's model of the service, all levels of it, so a field that the API gains fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from placement.catalogue.readers.fields import At
from placement.errors import nearest
from placement.integrations.notes import Notes

_MOST_WORDS = 60  # of a value in a note


class FieldUse(Enum):
    """What becomes of a field whose meaning is known."""

    READ = "the import reads it"
    KEPT = "an export passes it through"
    FACT = "it says of the resource what no plan changes"


@dataclass(frozen=True, slots=True)
class Words:
    """A field with one of a few words; `otherwise` says what is made of another word."""

    known: tuple[str, ...]
    otherwise: str


@dataclass(frozen=True, slots=True)
class Structure:
    """Fields of a mapping, or of each mapping of a list; `kept`: an export passes through what is not known here."""

    fields: Mapping[str, Field]
    kept: bool = False


Field = FieldUse | Words | Structure | str  # a text: why it is ignored
READ, KEPT, FACT = FieldUse.READ, FieldUse.KEPT, FieldUse.FACT
_PASSED = "an export passes it through as it is"


def _all(use: FieldUse, *names: str) -> dict[str, Field]:
    return dict.fromkeys(names, use)


_MANAGED_SCALING = Structure(
    {
        "Status": Words(("ENABLED", "DISABLED"), "it is taken for ENABLED"),
        **_all(READ, "MinInstanceCount", "MaxInstanceCount"),
        "ScaleInPolicy": Structure(
            {
                "Strategy": Words(("IDLE_RELEASE", "CONSOLIDATION"), _PASSED),
                **_all(KEPT, "MaximumStepSize", "CooldownInMinutes"),
            },
            kept=True,
        ),
    }
)
_RESERVED: dict[str, Field] = {
    "CapacityReservationPreference": Words(
        ("capacity-reservations-only",), "an export writes capacity-reservations-only"
    ),
    "MlReservationArn": READ,
}
_LAYOUTS = Structure({"AcceleratorPartitionTypes": READ})
_OF_CONFIGURATION = (  # told by both answers, and read in that of the configuration
    *("DataCaptureConfig", "AsyncInferenceConfig", "ExplainerConfig", "MetricsConfig", "CrossRegionTrafficConfig"),
)

VARIANT_NOW = Structure(
    {
        **_all(READ, "VariantName", "CurrentInstanceCount", "DesiredInstanceCount", "VariantStatus"),
        **_all(READ, "CurrentServerlessConfig", "DesiredServerlessConfig"),
        **_all(FACT, "DeployedImages", "RoutingConfig"),
        **_all(FACT, "CurrentWeight", "DesiredWeight"),  # requests go to components, not to variants
        "InstancePools": Structure(_all(READ, "InstanceType", "CurrentInstanceCount")),
        "ManagedInstanceScaling": _MANAGED_SCALING,
        "CapacityReservationConfig": Structure(
            {
                **_RESERVED,
                **_all(READ, "TotalInstanceCount", "AvailableInstanceCount", "UsedByCurrentEndpoint"),
                "Ec2CapacityReservations": "only the counts beside it are read, which are of all of them",
            }
        ),
        "AcceleratorPartitionLayouts": _LAYOUTS,
    }
)
ENDPOINT = Structure(
    {
        **_all(READ, "EndpointName", "EndpointArn", "EndpointConfigName", "EndpointStatus", "FailureReason"),
        **_all(READ, "PendingDeploymentSummary", "ShadowProductionVariants"),
        **_all(FACT, "CreationTime", "LastModifiedTime", *_OF_CONFIGURATION),
        "LastDeploymentConfig": "how it was updated last; an export has a policy of its own",
        "ProductionVariants": READ,  # each is a VARIANT_NOW
    }
)
VARIANT = Structure(
    {
        **_all(READ, "VariantName", "ModelName", "InstanceType", "ServerlessConfig"),
        "InitialInstanceCount": FACT,  # with which it began
        **_all(KEPT, "InitialVariantWeight", "VolumeSizeInGB", "ModelDataDownloadTimeoutInSeconds", "CoreDumpConfig"),
        **_all(KEPT, "EnableSSMAccess", "ContainerStartupHealthCheckTimeoutInSeconds", "RoutingConfig"),
        **_all(KEPT, "InferenceAmiVersion", "VariantInstanceProvisionTimeoutInSeconds", "AcceleratorType"),
        "InstancePools": Structure(
            {
                **_all(READ, "InstanceType", "Priority"),
                "ModelNameOverride": "inference components name their models, so an export leaves it out",
            }
        ),
        "ManagedInstanceScaling": _MANAGED_SCALING,
        "CapacityReservationConfig": Structure(_RESERVED),
        "AcceleratorPartitionLayouts": _LAYOUTS,
    },
    kept=True,
)
CONFIGURATION = Structure(
    {
        "EndpointConfigName": READ,
        **_all(FACT, "EndpointConfigArn", "CreationTime"),
        **_all(KEPT, *_OF_CONFIGURATION, "KmsKeyId", "ExecutionRoleArn", "VpcConfig", "EnableNetworkIsolation"),
        "ShadowProductionVariants": KEPT,
        "ProductionVariants": READ,  # each is a VARIANT
    },
    kept=True,
)
CONTAINER = Structure(
    {
        "DeployedImage": Structure({"SpecifiedImage": READ, **_all(FACT, "ResolvedImage", "ResolutionTime")}),
        **_all(KEPT, "Image", "ArtifactUrl", "ContainerMetricsConfig"),
        "Environment": READ,
    }
)
SPECIFICATION = Structure(
    {
        **_all(READ, "InstanceType", "BaseInferenceComponentName"),
        **_all(KEPT, "ModelName", "StartupParameters", "DataCacheConfig"),
        "Container": CONTAINER,
        "ComputeResourceRequirements": Structure(
            {
                **_all(READ, "NumberOfCpuCoresRequired", "NumberOfAcceleratorDevicesRequired"),
                **_all(READ, "MinMemoryRequiredInMb", "AcceleratorPartitionType"),
                "MaxMemoryRequiredInMb": "it limits the container and reserves nothing; an export keeps it",
            }
        ),
        "SchedulingConfig": Structure(
            {
                "PlacementStrategy": Words(("SPREAD", "BINPACK"), _PASSED),
                "AvailabilityZoneBalance": Structure(
                    {"EnforcementMode": Words(("PERMISSIVE",), _PASSED), "MaxImbalance": KEPT}, kept=True
                ),
            },
            kept=True,
        ),
    }
)
COMPONENT = Structure(
    {
        **_all(READ, "InferenceComponentName", "EndpointName", "VariantName", "CreationTime", "FailureReason"),
        **_all(READ, "InferenceComponentStatus", "InferenceComponentArn", "EndpointArn"),
        "LastModifiedTime": FACT,
        "LastDeploymentConfig": "how it was updated last; an update puts new copies first",
        "RuntimeConfig": Structure(
            {
                **_all(READ, "DesiredCopyCount", "CurrentCopyCount"),
                "PlacementStatus": Structure(_all(READ, "InstanceType", "CurrentCopyCount")),
            }
        ),
        "Specification": SPECIFICATION,
        "Specifications": SPECIFICATION,
    }
)
COMPONENT_LISTED = Structure(
    {
        **_all(READ, "InferenceComponentName", "EndpointName"),
        **_all(FACT, "InferenceComponentArn", "EndpointArn", "VariantName", "InferenceComponentStatus"),
        **_all(FACT, "CreationTime", "LastModifiedTime"),
    }
)
SCALABLE_TARGET = Structure(
    {
        **_all(READ, "ResourceId", "ScalableDimension", "MinCapacity", "MaxCapacity", "SuspendedState"),
        **_all(FACT, "ServiceNamespace", "RoleARN", "CreationTime", "ScalableTargetARN"),
        "PredictedCapacity": "what it forecasts is no rule",
    }
)
SCALING_POLICY = Structure(
    {
        **_all(READ, "PolicyName", "PolicyType", "ResourceId"),
        "Alarms": Structure({"AlarmName": READ, "AlarmARN": FACT}),
        **_all(FACT, "PolicyARN", "ServiceNamespace", "ScalableDimension", "CreationTime"),
        **_all(KEPT, "TargetTrackingScalingPolicyConfiguration", "StepScalingPolicyConfiguration"),
        "PredictiveScalingPolicyConfiguration": KEPT,
    }
)
SCHEDULED_ACTION = Structure(
    {
        **_all(KEPT, "ScheduledActionName", "Schedule"),
        **_all(READ, "ResourceId", "ScalableTargetAction"),
        **_all(KEPT, "Timezone", "StartTime", "EndTime"),
        **_all(FACT, "ScheduledActionARN", "ServiceNamespace", "ScalableDimension", "CreationTime"),
    }
)
_ENVELOPE = "ResponseMetadata"  # that boto3 puts around an answer


def tell_fields(at: At, structure: Structure, place: str, notes: Notes, between: str = " ") -> None:
    """A note for each field that is neither read nor kept, for each that is not known, and for words not known.

    Fields are told by their names, of lists without the number of the entry.
    Raises FieldError: what should be a structure is none, or a word is no text.
    """
    if isinstance(at.value, list):
        for row in at.items():
            tell_fields(row, structure, place, notes, between)
        return
    for key in at.mapping():
        found = at.get(key)
        if found is not None and (at.way or key != _ENVELOPE):
            _tell(found, key, structure, f"{place}{between}{key}", notes)


def _tell(at: At, key: str, structure: Structure, place: str, notes: Notes) -> None:
    field = structure.fields.get(key)
    if field is None:
        end = "an export passes it through" if structure.kept else "if it is a rule, it is not kept"
        notes.ignored(place, f"it is no field that is known here ({nearest(key, structure.fields)}); {end}")
    elif isinstance(field, str):
        notes.ignored(place, field)
    elif isinstance(field, Words):
        word = at.text()
        if word not in field.known:
            notes.assumed(
                place, f'"{word[:_MOST_WORDS]}" is not known here ({" or ".join(field.known)} is): {field.otherwise}'
            )
    elif isinstance(field, Structure):
        tell_fields(at, field, place, notes, ".")


def kept_of(at: At, structure: Structure) -> dict[str, Any]:
    """The fields of a structure that an export passes through."""
    other = None if not structure.kept else KEPT
    return {
        key: value
        for key, value in at.value.items()
        if value is not None and key != _ENVELOPE and structure.fields.get(key, other) is KEPT
    }

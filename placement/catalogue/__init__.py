"""What can be rented: accelerators and instance types of AWS, SageMaker, Google Cloud and Azure, with prices.

The two tables beside this module are facts with their sources. What is not known is empty, never a guess.
`docs/guide/catalogue.md` says what each column means and where it is from.
"""

from placement.catalogue.facts import AcceleratorFacts, InstanceFacts, Price
from placement.catalogue.tables import (
    accelerator,
    accelerators,
    find_accelerator,
    instance_type,
    instance_types,
    matching_accelerators,
    region_of_zone,
    regions,
)

__all__ = [
    "AcceleratorFacts",
    "InstanceFacts",
    "Price",
    "accelerator",
    "accelerators",
    "find_accelerator",
    "instance_type",
    "instance_types",
    "matching_accelerators",
    "region_of_zone",
    "regions",
]

"""How a plan is to be exported, and which fields the clients that will send it know."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from placement.demand import ScalingPolicy
from placement.errors import UsageError, wrong_argument

ROLLING = "rolling updates of components"
POLICIES = "scheduling and scale-in policies"
# The first botocore that knows a field; read from its own change log and models.
SINCE: Mapping[str, tuple[int, int, int]] = {
    "inference components": (1, 33, 3),
    "least instances of 0": (1, 35, 68),
    ROLLING: (1, 37, 2),
    "model caching": (1, 40, 59),
    "capacity reservations": (1, 41, 1),
    POLICIES: (1, 42, 79),
    "instance pools and specifications by type": (1, 43, 1),
    "partitions of accelerators": (1, 43, 127),
}


@dataclass(frozen=True, slots=True)
class ExportWish:
    """What the user asks for.

    `name` begins the names of new endpoints, `role` is the ARN that endpoints run as. `exact`: new endpoints are of
    machines that hold the same. `pin`: the number of machines is fixed at the plan's also where a range runs now.
    `fallback`: other types that could hold a new endpoint are its further instance pools. `as_new`: calls that create
    everything, also what runs. `target` is the oldest botocore that will send the calls, None: the newest.
    `requests` are the concurrent requests of a copy at which autoscaling adds another, where there is no `policy`;
    with one, all components are scaled as it says.
    """

    name: str = ""
    role: str = ""
    exact: bool = False
    pin: bool = False
    fallback: bool = False
    as_new: bool = False
    target: tuple[int, int, int] | None = None
    requests: float = 5.0
    policy: ScalingPolicy | None = None

    def knows(self, what: str) -> bool:
        """Whether the target has a field of `SINCE`."""
        return self.target is None or self.target >= SINCE[what]

    def require(self, what: str, of: str) -> None:
        """Refuse what the target has no field for."""
        if not self.knows(what):
            since = ".".join(map(str, SINCE[what]))
            raise UsageError(f"{of} needs {what}, which botocore has since {since}; see --target-version")


def parse_version(text: str) -> tuple[int, int, int]:
    """The version of botocore in a text.

    >>> parse_version("1.43.62")
    (1, 43, 62)
    """
    found = re.fullmatch(r"(\d{1,4})\.(\d{1,4})\.(\d{1,6})", text, re.ASCII)
    if found is None:
        raise wrong_argument("--target-version", "a version of botocore such as 1.43.62", text)
    return int(found[1]), int(found[2]), int(found[3])

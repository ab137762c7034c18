"""One measurement of a copy: a model on accelerators, a load, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, fields

FORMAT = "placement-profile/v1"
STATISTICS = ("mean", "p50", "p90", "p95", "p99")


@dataclass(frozen=True, slots=True)
class Profile:
    """A row of `placement-profile/v1`. What nobody measured is None, what nobody names is empty.

    `accelerators` are those of one copy. `input_tokens` and `output_tokens` are of a request, on average. `ttft_ms` is
    the time to the first token, `tpot_ms` the time for each token after it, milliseconds. `requests_per_second` is what
    one copy serves. `memory_gib` is on each accelerator. `source` says where the row is from, and which statistic it
    has.
    """

    model: str
    accelerator: str
    accelerators: int
    engine: str
    version: str
    precision: str
    input_tokens: int | None
    output_tokens: int | None
    ttft_ms: float | None
    tpot_ms: float | None
    requests_per_second: float
    memory_gib: float | None
    source: str

    @property
    def statistic(self) -> str:
        """The statistic of the times that `source` names; empty where it names none."""
        return next((part for part in reversed(self.source.split(", ")) if part in STATISTICS), "")


COLUMNS = ("format", *(field.name for field in fields(Profile)))
TEXTS = ("model", "accelerator", "engine", "version", "precision", "source")
WHOLE = ("accelerators", "input_tokens", "output_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is known of a deployment and its load; empty or None: nothing. Users give what their files do not say."""

    model: str = ""
    accelerator: str = ""
    accelerators: int | None = None
    engine: str = ""
    version: str = ""
    precision: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    memory_gib: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Given):
    """What a benchmark's file tells of one measurement; a file of one tool says little of what it ran against.

    `failed` of the `requests` that were sent were not served; None: the file does not count them all.
    """

    requests_per_second: float
    ttft_ms: float | None = None
    tpot_ms: float | None = None
    requests: int | None = None
    failed: int = 0
    remark: str = ""

    @property
    def loss(self) -> str:
        """How many requests failed, in words; empty when none did."""
        if not self.failed:
            return ""
        return f"{self.failed:,}{'' if self.requests is None else f' of {self.requests:,}'} requests failed"


@dataclass(frozen=True, slots=True)
class Unused:
    """A part of a benchmark's file that is no measurement: where it stands and why, in words."""

    why: str

"""What a simulation has done so far, on disk: written beside the file and renamed, so that a kill never leaves half."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from placement.documents import write_document
from placement.documents.read import read_mapping
from placement.errors import DocumentError, Fault, UsageError

FORMAT = "placement-simulation-checkpoint/v1"


class SimulationCheckpoint:
    """The parts that are done, by job; without a file they are kept nowhere."""

    def __init__(self, path: Path | None, digest: str, jobs: dict[str, Any]) -> None:
        """`digest` is of the inputs, which a checkpoint is good for alone."""
        self._path, self._digest, self._jobs = path, digest, jobs

    @classmethod
    def open(cls, path: str | Path | None, digest: str, *, resume: bool) -> SimulationCheckpoint:
        """The checkpoint to go on from, or a new one.

        Raises UsageError: there is one, and nobody said that it is to be used; or it is of other inputs.
        Raises DocumentError: it can't be read.
        """
        if path is None:
            if resume:
                raise UsageError("there is nothing to resume from: name the checkpoint")
            return cls(None, digest, {})
        file = Path(path)
        if not file.exists():
            return cls(file, digest, {})
        if not resume:
            raise UsageError(
                f"{file}: is the checkpoint of a simulation that did not end: go on from it with --resume, or delete it"
            )
        source, found = read_mapping(file)
        if found.get("format") != FORMAT or not isinstance(found.get("jobs"), dict):
            raise DocumentError([Fault("$.format", f'must be "{FORMAT}"', found.get("format"))], source)
        if found.get("digest") != digest:
            raise UsageError(
                f"{file}: is of another problem, policy, traffic or step; run with those again, or delete the file"
            )
        return cls(file, digest, found["jobs"])

    def job(self, name: str) -> dict[str, Any] | None:
        """What a job has done; None for nothing yet."""
        found = self._jobs.get(name)
        return found if isinstance(found, dict) else None

    def keep(self, name: str, kept: dict[str, Any]) -> None:
        """Note what a job has done, and write all of it."""
        self._jobs[name] = kept
        if self._path is not None:
            write_document({"format": FORMAT, "digest": self._digest, "jobs": self._jobs}, self._path)


def checkpoints_of(path: str | Path | None, policies: int) -> list[Path] | list[None]:
    """A file for each policy: the one that was named, or with a number where there are several.

    >>> [str(file) for file in checkpoints_of("run.json", 2)]
    ['run-1.json', 'run-2.json']
    """
    if path is None:
        return [None] * policies
    file = Path(path)
    if policies == 1:
        return [file]
    return [file.with_name(f"{file.stem}-{number}{file.suffix}") for number in range(1, policies + 1)]

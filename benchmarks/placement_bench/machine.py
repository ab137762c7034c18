"""What a run was made with: commit, versions, processor; and what this process has used."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from placement_bench.places import CHECKOUT

PACKAGES = ("ortools", "highspy", "pulp", "numpy")


@lru_cache(maxsize=1)
def commit() -> str:
    """The commit of the checkout, with a plus sign when files differ from it; ``release`` outside a checkout."""
    if not (CHECKOUT / ".git").exists():
        return "release"
    asked = ["git", "describe", "--always", "--dirty=+"]
    try:
        done = subprocess.run(asked, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Versions of Python, of the library and of its engines."""
    import placement

    found = {"python": platform.python_version(), "placement": placement.__version__}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


@lru_cache(maxsize=1)
def cpu() -> str:
    """The processor's model name."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cpu_seconds() -> float:
    """Processor time of this process and of those it started and waited for."""
    used = os.times()
    return used.children_user + used.children_system + time.process_time()


def peak_mib() -> float | None:
    """Most memory that this process, or one that it started, has held; None where it can't be told (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    used = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(used / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)


def limit_memory(gib: float | None) -> None:
    """Let this process have no more than that many GiB of address space, where the system can (not on Windows)."""
    if gib is None:
        return
    try:
        import resource
    except ImportError:
        return
    size = int(gib * (1 << 30))
    resource.setrlimit(resource.RLIMIT_AS, (size, size))

"""Parameters of the room, by module: work beside other work."""

from placement.solving.parameters import MethodParameters, parameter


class ExecutorParameters(MethodParameters):
    """Processes and Dask clusters (`executors.py`)."""

    connect: float = parameter(10.0, "s", "to wait for a scheduler")


class HelperParameters(MethodParameters):
    """The second process (`helper.py`)."""

    handover: float = parameter(0.2, "s", "before the end of a task's time, for the way back")
    grace: float = parameter(0.5, "s", "after it, when it is given up")


class ThreadParameters(MethodParameters):
    """A search in a thread (`thread.py`)."""

    late: float = parameter(0.2, "s", "after the end of its time that it is waited for")
    switch: float = parameter(
        0.0005, "s", "that Python runs one thread while another waits: by 0.005, its default, HiGHS takes twice as long"
    )


class ParallelParameters(MethodParameters):
    """Work beside other work."""

    executors = ExecutorParameters
    helper = HelperParameters
    thread = ThreadParameters


PARALLEL = ParallelParameters

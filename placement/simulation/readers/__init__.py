"""Traffic files: the format of this project, and what public traces and monitoring write.

`read_traffic` tells from the first row, or from the suffix, which one a file is.
"""

from placement.simulation.readers.reading import TrafficGiven, read_traffic

__all__ = ["TrafficGiven", "read_traffic"]

"""Documents on disk: read with clear errors, written whole or not at all."""

from placement.io.read import read_plan, read_problem
from placement.io.write import check_outputs, write_document

__all__ = ["check_outputs", "read_plan", "read_problem", "write_document"]

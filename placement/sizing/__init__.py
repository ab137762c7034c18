"""How much memory a copy of a model takes on a GPU, from its config and its files.

`size` is the front door: a model, an accelerator, a tensor-parallel degree and how the engine is started, to a
`Sizing`. The formulas and their sources are in `docs/maths/memory-of-a-copy.md`.
"""

from placement.sizing.launch import Launch
from placement.sizing.read import Model, read_model
from placement.sizing.size import size
from placement.sizing.sizing import Sizing
from placement.sizing.startup_log import StartupLog, read_startup_log

__all__ = ["Launch", "Model", "Sizing", "StartupLog", "read_model", "read_startup_log", "size"]

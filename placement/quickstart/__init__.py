"""A problem from a few answers: the region, which GPUs, which models, and how many zones may be lost.

`draft` makes the problem and its commented text; `docs/start/from-models.md` is a walk through it.
"""

from placement.quickstart.answers import Answers, ModelWish
from placement.quickstart.components import FitsNowhereError
from placement.quickstart.document import Draft, draft, fitting
from placement.quickstart.model_lists import parse_model, parse_models, read_models

__all__ = [
    "Answers",
    "Draft",
    "FitsNowhereError",
    "ModelWish",
    "draft",
    "fitting",
    "parse_model",
    "parse_models",
    "read_models",
]

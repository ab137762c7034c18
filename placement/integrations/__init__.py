"""What platforms tell of what runs, as problems; and plans as what platforms accept.

Each platform has a folder here. It knows documents, the catalogue and results, and no solver. A platform's own client
library is an extra of this package, loaded when a command first needs it.

`imported.py` is what a platform's state becomes, `exported.py` what a plan becomes, `notes.py` what neither could say.
"""

from placement.integrations.exported import Exported
from placement.integrations.imported import Imported
from placement.integrations.notes import Note, Notes

__all__ = ["Exported", "Imported", "Note", "Notes"]

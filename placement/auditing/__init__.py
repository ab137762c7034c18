"""What is wrong with what runs now, what it costs, and the first moves: `placement audit`.

Nothing is judged here. The referee judges what runs as if it were a plan, and each step; a solve finds the plan to go
to and proves the bound.
"""

from placement.auditing.document import Audit
from placement.auditing.examine import audit

__all__ = ["Audit", "audit"]

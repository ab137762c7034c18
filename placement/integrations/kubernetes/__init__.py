"""Kubernetes: what `kubectl get` prints as a problem, and a plan as manifests.

Import: `objects.py` (what was given), `selectors.py`, `requests.py`, `claims.py`, `inventory.py`, `asks.py` and
`neighbours.py` (what the API means), `machines.py` and `pods.py` (nodes and pods), `workloads.py`, `standing.py`,
`classes.py`, `spreading.py`, `roll_outs.py`, `upkeep.py`, `budgets.py` and `indices.py` (rows of the problem),
`importer.py` (all of it).

Export: `templates.py` (pods as they run), `manifests.py` (Deployments), `claiming.py` (claims again), `apart.py` (who
keeps off whom), `karpenter.py` and `protection.py` (objects), `handovers.py` and `steps.py` (what goes before what),
`exporter.py` (all of it).
"""

from placement.integrations.kubernetes.exporter import export_kubernetes
from placement.integrations.kubernetes.importer import Wishes, import_kubernetes
from placement.integrations.kubernetes.manifests import ExportWishes

__all__ = ["ExportWishes", "Wishes", "export_kubernetes", "import_kubernetes"]

"""Plans as InferenceServices of KServe: one a component, option and pool, with the copies that the plan has there."""

from placement.integrations.kserve.exporter import export_kserve
from placement.integrations.kserve.predictor import KServeWish, service_names

__all__ = ["KServeWish", "export_kserve", "service_names"]

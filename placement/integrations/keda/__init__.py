"""Plans as ScaledObjects of KEDA: the copies of each variant that a plan wants, as its minimum and maximum."""

from placement.integrations.keda.exporter import KedaWish, export_keda

__all__ = ["KedaWish", "export_keda"]

"""Plans for Ray Serve: a config whose replicas start where the plan has them, and the nodes that it needs."""

from placement.integrations.ray.exporter import RayWish, export_ray

__all__ = ["RayWish", "export_ray"]

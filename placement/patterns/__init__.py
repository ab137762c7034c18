"""Bounds from patterns: what may stand together on one accelerator."""

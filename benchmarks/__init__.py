"""Measurements of our claims; see docs/benchmarks.md."""

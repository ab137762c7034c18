"""Tests of `placement.cli`."""

"""Tests of `placement.simulation`."""

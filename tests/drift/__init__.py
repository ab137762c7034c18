"""Tests of `placement.drift`."""

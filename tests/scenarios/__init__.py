"""Tests of `placement.scenarios`."""

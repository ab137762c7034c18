"""Tests of `placement.demand`."""

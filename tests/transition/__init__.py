"""Tests of `placement.transition` and of the fleet simulator."""

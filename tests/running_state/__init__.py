"""Tests of `placement.running_state`."""

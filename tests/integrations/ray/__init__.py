"""Tests of `placement.integrations.ray`."""

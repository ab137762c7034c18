"""Tests of `placement.auditing`."""

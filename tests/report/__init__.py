"""Tests of `placement.report`."""

"""Tests of `placement.rollout`."""

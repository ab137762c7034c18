"""Tests of `placement.integrations.kserve` and `placement.integrations.keda`."""

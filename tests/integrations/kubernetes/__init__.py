"""Tests of what Kubernetes tells and takes."""

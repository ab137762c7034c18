"""Tests of placement.replanning."""

"""Tests of the heuristic solvers and of the parts that they share."""

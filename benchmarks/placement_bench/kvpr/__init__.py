"""Prism's KVPR benchmark: models on equal GPUs, the most pressed GPU pressed as little as possible.

`problem` has a case and its exact value, `rules` the published heuristics, `exact` two solvers that prove.
"""

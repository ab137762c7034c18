"""Very large problems: solved in parts that any `concurrent.futures.Executor` may run, bounded as a whole."""

from placement.solvers.decomposition.solve import DecompositionOptions, solve_decomposition

__all__ = ["DecompositionOptions", "solve_decomposition"]

"""`placement-bench`: solvers held against published instance sets, against each other and against other codes."""

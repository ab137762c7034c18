"""Solvers that may prove: each engine is a module that translates in and out, and is imported only when used."""

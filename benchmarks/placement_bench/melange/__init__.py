"""Mélange: the cheapest mix of GPU types for one service whose requests come in sizes.

`problem` has a case and its exact cost, `program` the integer program that proves.
"""

"""The count program: whole copies of each component by each mode, whole machines of each pool, and no more than that.

How copies share accelerators is told by inequalities (`weights`), so the program stays small. It knows what the linear
program over patterns does not: a demand is served by whole copies, which serve more than is asked for.
"""

"""A solve while it runs: its limits, the best plan and the best bounds so far, and what it found when it ended.

`context` is the `Solve` that every search is handed: a fleet, an `incumbent`, a `budget` and a seed. `schedule` has the
shares of time, `steps` counts work. `result` is what comes out, `left_out` words for optional copies that a plan leaves
out, `handing_on` solves a fleet whose plans are another's. `parameters` says what a parameter is.
"""

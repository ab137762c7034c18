"""The fuzzer, a search for wrong answers: small random problems, all paths of all solvers, judges of what they say.

`families` makes problems, `paths` names the ways through the code, `runs` takes one of them, `judges` hold the answer
against the truth, `shrinking` cuts a failure down, `campaign` does it a hundred thousand times.
See docs/develop/testing.md.
"""

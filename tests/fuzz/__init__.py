"""The fuzzer, a search for wrong answers: random small problems, every path of every solver, and several judges of what they say.

`families` makes problems, `paths` names the ways through the code, `runs` takes one of them, `judges` hold the answer
against the truth, `shrinking` cuts a failure down, `campaign` does it a hundred thousand times.
See docs/develop/testing.md.
"""

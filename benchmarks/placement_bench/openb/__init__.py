"""Alibaba's openb trace: pods that arrive one at a time on a cluster of shared GPUs, and who gets which node.

`trace` reads the published files and draws arrivals (`go_random` is the generator they were drawn with), `replay` plays
them against a policy and measures it. `published` and `fgd` are the policies of the literature, `expected_use` with
`scarcity` is the project's own, `policies` names them all. `static` asks for a whole pod list at once, as a document.
"""

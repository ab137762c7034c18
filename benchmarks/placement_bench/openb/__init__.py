"""Alibaba's openb trace: pods that arrive one at a time on a cluster of shared GPUs, and who gets which node.

`trace` reads the published files, `replay` plays an arrival sequence against a policy and measures it, `published`
holds the policies of the literature and `expected_use` the project's own.
"""

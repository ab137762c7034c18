"""What platforms do with a fleet that runs, written from their documentation, beside what this library does.

`cluster` is a cluster as its scheduler sees it; `karpenter` and `descheduler` are two rules that move copies in it, and
`strategies` turns a problem with a running state into a plan by each of them. `month` plays a trace hour by hour.
"""

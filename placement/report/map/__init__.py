"""A fleet as a map: machines, their accelerators as cells, and the copies in them, to scale."""

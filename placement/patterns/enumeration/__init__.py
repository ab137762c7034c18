"""Nodes of the branching tree decided by listing every pattern that an improving plan can contain."""

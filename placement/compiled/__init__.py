"""The compiled problem and the compiled plan: integers and indices, which all that solves reads."""

"""Column generation: fleet mixes from the pattern bound, copies packed on them by diving."""

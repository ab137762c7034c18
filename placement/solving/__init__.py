"""A solve while it runs: its limits, the best plan and the best bounds so far, and what it found when it ended."""

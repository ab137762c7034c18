"""Pages in a real browser, and the example notebook: `python3 dev.py test pages`."""

"""One module for each tool whose files are read: what a file has, as `Found`, and why a part of it is none."""

"""Work beside other work: in a thread, in a second process, on an executor."""

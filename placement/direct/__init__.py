"""The direct models: every rule of the format as a constraint, machine by machine."""

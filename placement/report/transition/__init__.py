"""Transitions for people: lines and tables of a terminal, a checklist, a Gantt picture."""

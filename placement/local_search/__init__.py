"""Improving a packing: machines filled again, closed, or freed a few at a time; copies that are out brought in."""

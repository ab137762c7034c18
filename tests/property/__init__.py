"""Properties that hold for every problem and every plan."""

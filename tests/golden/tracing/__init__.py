"""Golden files of the listeners that make spans."""

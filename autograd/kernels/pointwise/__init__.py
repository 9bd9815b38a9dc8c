"""Functions of one element each, and dropout masks."""

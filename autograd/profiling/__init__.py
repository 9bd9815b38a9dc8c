"""Where time, memory and multiply-adds of a computation go."""

"""Convolution tap by tap: registers full of sums, vectors of neighbouring pixels."""

"""Winograd's convolution: 3x3 filters in fewer multiplications."""

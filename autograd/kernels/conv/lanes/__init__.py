"""Convolution of batches of small images: an image in every lane of a vector."""

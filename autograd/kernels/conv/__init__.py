"""Convolution: plain, with an image in every lane, and Winograd's."""

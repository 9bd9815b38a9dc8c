"""Convolution: tap by tap (direct), with an image in every lane, and Winograd's."""

"""Softmax and the cross entropy of labels, row by row."""

"""Pooling of planes."""

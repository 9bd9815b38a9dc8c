"""Sums and running sums, accurate in float32."""

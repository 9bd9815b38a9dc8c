"""Timings of this library against PyTorch: `python -m bench`, see `bench/README.md`."""

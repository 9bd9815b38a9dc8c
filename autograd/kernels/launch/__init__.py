"""How kernels run: compiled or NumPy, how they are compiled, and on which threads."""

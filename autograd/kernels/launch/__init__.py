"""Which kernels run, how they are compiled, and on which threads."""

"""Functions of functions: batching, checkpointing, modules as functions of their parameters."""

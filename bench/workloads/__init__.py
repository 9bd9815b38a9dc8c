"""The same training steps and chains in each library: one small file a library.

Each has `step(task)`, a training step as a function of no arguments that returns the loss, and
where the library records small operations, `chain(count)`.
"""

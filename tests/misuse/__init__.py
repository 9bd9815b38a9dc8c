"""Mistakes that tired people make, by the part of the library they are made in.

Each file has `ROWS`: `Row(what, call, error, message)`. The call is given a `World`, made anew for
each row; `error` is the exception of ours, a subclass of the built-in that fits; `message` is a
pattern that names the op, module or function, the argument, and what came or would fit.
"""

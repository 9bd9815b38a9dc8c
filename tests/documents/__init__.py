"""The documentation as programs, and the parts of it that the code itself writes.

`python -m tests.documents` runs the code of the pages and keeps the pictures that they show, and
writes `docs/names.md` and the tables of `docs/spellings.md`. Tests compare.
"""

"""Campaigns: many random cases of what must not go wrong, silently or at all.

Each file is one campaign. `make test` runs a small fixed sample of every one; `make test-long`, or
`GLASSGRAD_CAMPAIGN=long python -m pytest tests/long/test_….py` for one of them, runs all its cases
and notes the figures that `docs/reliability.md` shows.
"""

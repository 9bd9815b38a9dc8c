"""What is not collected: `mistakes.py` is for the type checker, and would raise if it ran."""

collect_ignore = ["mistakes.py"]

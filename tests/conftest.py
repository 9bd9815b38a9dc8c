"""What is not collected: `mistakes.py` is there for the type checker, and running it would raise."""

collect_ignore = ["mistakes.py"]

"""`python -m nn`: train a named model on a named data set; `--help` lists the options."""

import sys

from nn.training.cli import main

if __name__ == "__main__":
    sys.exit(main())

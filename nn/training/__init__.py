"""Training from the command line, `python -m nn`: what it does, one file for each part.

- `arguments`, `settings`: what a run is asked to do;
- `datasets`, `augmentation`: its images;
- `fitting`: the loop over epochs, and the evaluation;
- `checkpoints`: a run on the disk, and back;
- `progress`, `live`, `pictures`, `report`: what there is to look at.
"""

from nn.training.checkpoints import load_run, save_run
from nn.training.datasets import Data, load_data
from nn.training.fitting import NonFiniteLossError, Run, evaluate, fit, new_run
from nn.training.live import LivePlot
from nn.training.settings import Settings

__all__ = [
    "Data",
    "LivePlot",
    "NonFiniteLossError",
    "Run",
    "Settings",
    "evaluate",
    "fit",
    "load_data",
    "load_run",
    "new_run",
    "save_run",
]

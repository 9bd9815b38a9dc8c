"""Mutation testing of the derivatives of ops, of the backward pass, and of optimisers."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.long.campaign import LONG
from tests.long.mutants import ROOT, known_survivors

RESULTS = os.environ.get("GLASSGRAD_MUTANTS")  # a file of the lines of a run that was interrupted
SAMPLE = ["autograd/ops/softmaxes.py"]  # where rows notice every mutant
SHARE = 0.97  # of the mutants that tests must notice

FILES = {
    "ops": sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("autograd/ops/*.py")),
    "backprop": [
        f"autograd/engine/{name}.py"
        for name in (
            "backprop", "given_gradients", "gradient_memory", "returned_gradients", "walks",
        )
    ],
    "optimisers": [
        f"optim/{name}.py"
        for name in (
            "adagrad", "adam", "clipping", "lbfgs", "levenberg_marquardt", "line_search",
            "newton_cg", "rmsprop", "sgd",
        )
    ],
}  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a mutant lives in a forked child")
@pytest.mark.parametrize("group", FILES if LONG else ["sample"])
def test_mutants_are_noticed(group, figures):
    command = [sys.executable, "-m", "tests.long.mutants", *FILES.get(group, SAMPLE)]
    if not LONG:
        command += ["--every=25", "--rows"]
    elif RESULTS:
        command.append(f"--results={RESULTS}")
    environment = {**os.environ, "GLASSGRAD_CAMPAIGN": "sample", "OPENBLAS_NUM_THREADS": "1"}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    tried = [json.loads(line) for line in ran.stdout.splitlines()]
    survived = [m for m in tried if not m["noticed"]]
    figures["mutants"] += len(tried)
    figures["noticed"] += len(tried) - len(survived)
    figures["survived"] += len(survived)
    known = known_survivors()
    new = [m for m in survived if (m["file"], m["function"], m["change"]) not in known]
    listed = "\n".join(f"{m['file']}:{m['line']} {m['function']}: {m['change']}" for m in new)
    assert not new, f"no test notices these mutants, and survivors.toml has no reason:\n{listed}"
    assert len(survived) <= (1 - SHARE) * len(tried) or not LONG

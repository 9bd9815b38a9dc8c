"""What a small operation costs: long chains of them on 10 floats, forward and backward."""

from __future__ import annotations

from typing import Any

from bench import comparison
from bench.peers import Peer

COUNTS = (200, 2000)
SECONDS = 0.1  # of each side of a pair
WANTED = {"PyTorch": 2.0, "HIPS autograd": 2.5, "MyGrad": 3.0}


def run(options: Any, machine: dict[str, Any], found: dict[Peer, tuple[str, str]]) -> str:
    """Measure the chains; the section's text."""
    recording = {p: where for p, where in found.items() if p.label in WANTED}
    rows = []
    with comparison.Workers(recording, options.threads) as workers:
        for count in COUNTS:
            row = comparison.Row(f"{count} operations", wanted=WANTED)
            comparison.measure(workers, row, {"chain": count}, SECONDS, options.effort)
            print(f"    {row.ours / count * 1e6:.2f} us an operation", flush=True)
            rows.append(row)
    versions = {peer.label: version for peer, (_, version) in recording.items()}
    return comparison.finish("overhead", rows, options, machine, versions)

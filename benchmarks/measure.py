"""Medians, the machine's name, and the shape of a figure."""

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One comparison.

    Attributes:
        ours / peer: Medians in ``unit``; peer is None where the figure stands alone.
        ratio: ours / peer.
        better: "higher" or "lower".
        samples: Every run, ours and the peer's in turn.
    """

    name: str
    unit: str
    better: str
    ours: float
    peer: float | None = None
    peer_name: str = ""
    samples: dict[str, list[float]] = field(default_factory=dict)
    notes: str = ""

    def to_json(self) -> dict[str, Any]:
        ratio = None if not self.peer else round(self.ours / self.peer, 3)
        return asdict(self) | {"ratio": ratio}


def in_turn(ours: Callable[[], float], peer: Callable[[], float], runs: int) -> tuple[list[float], list[float]]:
    """Run both ``runs`` times, one after the other, so that a drift of the machine meets both."""
    pairs = [(ours(), peer()) for _ in range(runs)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 4)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = platform.processor() or "unknown"
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as info:
            names = [line.split(":", 1)[1].strip() for line in info if line.startswith("model name")]
        model = names[0] if names else model
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}

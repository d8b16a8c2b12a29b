"""The text of the kernels as a compiler takes it: one piece, all headers of ours inside.

NVRTC caches and compares texts, and knows nothing of the files that a text includes; so nothing is left to include.
The system's headers are left out: ``csrc/device.h`` stands in for them.
"""

import re
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent / "kernels"
HEADERS = (HERE, Path(__file__).parents[2] / "csrc")

MODULES = ("ntt", "pointwise", "sums", "rowwise", "hash", "expand", "precompiles")
"""The hand-written modules, by the names of their files."""

OPTIONS = ("--std=c++17",)
"""What every compiler of kernels is told."""

_INCLUDE = re.compile(r'#include ([<"])([^>"]+)[>"]\n')
_KERNEL = re.compile(r"^(?:ZK_KERNEL|extern \"C\" __global__ void) (\w+)\(", re.MULTILINE)


@cache
def module_text(name: str) -> str:
    """The whole text of a hand-written module."""
    return flattened((HERE / f"{name}.cu").read_text())


def flattened(text: str) -> str:
    """The text with every header of ours in the place where it is first included."""
    return _flatten(text, set())


def kernel_names(text: str) -> tuple[str, ...]:
    """The kernels of a text, in order."""
    return tuple(_KERNEL.findall(text))


def _flatten(text: str, seen: set[str]) -> str:
    def include(match: re.Match[str]) -> str:
        quote, name = match.groups()
        if quote == "<" or name in seen:
            return ""
        seen.add(name)
        return _flatten(_find(name).read_text(), seen)

    return _INCLUDE.sub(include, text)


def _find(name: str) -> Path:
    for folder in HEADERS:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"no header {name} in {', '.join(map(str, HEADERS))}")

"""Example guests: their sources, and their ELFs as ``python -m zkvm.guest_kit.examples`` builds them."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Final

from zkvm.emulator.elf import Program, load
from zkvm.guest_kit.errors import StaleExample

HERE: Final = Path(__file__).parent
NAMES: Final = ("fibonacci", "sha256", "keccak", "keccak_software", "ecrecover")
MANIFEST: Final = HERE / "elf" / "manifest.json"


def example(name: str) -> Program:
    """A built example. Raises StaleExample if the file is not the one in the manifest."""
    elf = elf_path(name).read_bytes()
    if sha256(elf).hexdigest() != manifest()["sha256"].get(name):
        raise StaleExample(name)
    return load(elf)


def elf_path(name: str) -> Path:
    """Where the ELF of an example lies."""
    return HERE / "elf" / f"{name}.elf"


def manifest() -> dict[str, dict[str, str]]:
    """By which compiler the ELFs were made, and their hashes."""
    content: dict[str, dict[str, str]] = json.loads(MANIFEST.read_text())
    return content

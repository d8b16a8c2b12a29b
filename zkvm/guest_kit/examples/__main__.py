"""Builds the example guests, and writes the manifest of their hashes."""

import json
from hashlib import sha256
from importlib.metadata import version

from zkvm.guest_kit.build import build
from zkvm.guest_kit.examples import HERE, MANIFEST, NAMES, elf_path

hashes = {}
for name in NAMES:
    elf = build([HERE / f"{name}.c"])
    elf_path(name).write_bytes(elf)
    hashes[name] = sha256(elf).hexdigest()
MANIFEST.write_text(json.dumps({"compiler": {"ziglang": version("ziglang")}, "sha256": hashes}, indent=2) + "\n")

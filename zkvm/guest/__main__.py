"""Builds the batch program's ELF, and writes the manifest."""

import json
from hashlib import sha256
from importlib.metadata import version

from zkvm.guest import ELF, MANIFEST, build_elf

elf = build_elf()
ELF.parent.mkdir(exist_ok=True)
ELF.write_bytes(elf)
manifest = {"compiler": f"ziglang {version('ziglang')}", "sha256": sha256(elf).hexdigest()}
MANIFEST.write_text(json.dumps(manifest, indent=2) + "\n")

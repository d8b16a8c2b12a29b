"""Keys of programs: what a program is to a verifier, and what the prover needs besides.

The verifying key is the same for everybody who makes it, but takes seconds, since it commits to the fixed columns once
for every height that the tallest table may have. So it can be kept in a folder; the fixed columns are made afresh.
"""

import os
from pathlib import Path

from eth_hash.auto import keccak

from zkvm.backends.interface import Backend
from zkvm.emulator.elf import Program
from zkvm.machine.expand.chi import chi_columns
from zkvm.machine.machine import riscv
from zkvm.machine.program import fixed_columns, parameters
from zkvm.stark.errors import MalformedKey, WrongKey
from zkvm.stark.key import ProvingKey, VerifyingKey, constraints_digest
from zkvm.stark.profiles import Profile
from zkvm.stark.setup import make_key
from zkvm.stark.trace import Columns


def key_for(program: Program, profile: Profile, backend: Backend, cache: Path | None = None) -> ProvingKey:
    """Return the keys of a program under a profile.

    Args:
        program: The program.
        profile: Any profile of the same blow-up and node length has the same key.
        backend: Computes.
        cache: A folder to keep verifying keys in; it is made if it is missing.

    Raises:
        UnprovableProgram: an instruction breaks a rule that the constraints rely on.
        TableTooTall: the program has too many instructions or too much data.
    """
    machine = riscv()
    fixed = all_fixed_columns(program)
    if cache is not None and (kept := _read(_place(cache, program, profile), profile)) is not None:
        return ProvingKey(kept, fixed)
    key = make_key(machine, fixed, parameters(program), profile, backend)
    if cache is not None:
        _write(_place(cache, program, profile), key.vk)
    return key


def user_cache() -> Path:
    """Return the folder in which this user keeps verifying keys: below ``XDG_CACHE_HOME``, else ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zkhub" / "keys"


def all_fixed_columns(program: Program) -> dict[str, Columns]:
    """Return the fixed columns of every table that has some, for a program."""
    return fixed_columns(program) | {"chi": chi_columns()}


def _place(cache: Path, program: Program, profile: Profile) -> Path:
    """The file of a key: its name covers all that the key depends on."""
    parts = (program.digest, constraints_digest(riscv()), bytes([profile.log_blowup, profile.node_bytes]))
    return cache / f"{keccak(b''.join(parts)).hex()}.vk"


def _read(path: Path, profile: Profile) -> VerifyingKey | None:
    """The key in a file; None where there is none, or another version wrote it."""
    try:
        key = VerifyingKey.from_bytes(path.read_bytes())
        key.check(riscv(), profile)
    except (FileNotFoundError, MalformedKey, WrongKey):
        return None
    return key


def _write(path: Path, key: VerifyingKey) -> None:
    """Leave a whole file or none: another process may read it at this moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_bytes(key.to_bytes())
    partial.replace(path)

"""Where the public test vectors are: ``ZKHUB_VECTORS``, unpacked once into a cache."""

import os
import tarfile
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("ZKHUB_VECTORS", ROOT.parent / "shared" / "vectors"))
CACHE = Path(tempfile.gettempdir()) / "zkhub-vectors"


def unpacked(archive: str) -> Path:
    """The folder an archive unpacks to; skips the test where the archive is missing."""
    source = FOLDER / f"{archive}.tar.xz"
    if not source.exists():
        pytest.skip(f"no test vectors at {source}; set ZKHUB_VECTORS to the folder of archives")
    target = CACHE / f"{archive}-{source.stat().st_size}"
    if not target.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as staging:
            with tarfile.open(source) as tar:
                tar.extractall(staging, filter="data")
            Path(staging, archive).rename(target)
    return target

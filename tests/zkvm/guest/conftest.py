from pathlib import Path

import eth  # noqa: F401  raises the recursion limit, which must not happen in the midst of an example
import pytest

from tests.zkvm.guest.crypto import SANITIZE, Library, compiled


@pytest.fixture(scope="session", params=[64, 32], ids=["limbs of 64 bits", "limbs of 32 bits"])
def crypto(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Library:
    flags = ("-O2", "-fPIC", "-shared", f"-DZK_LIMB_BITS={request.param}")
    return Library(compiled(tmp_path_factory.mktemp("crypto") / f"crypto{request.param}.so", *flags))


@pytest.fixture(scope="session")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that stops at a bad address or undefined behaviour."""
    return compiled(tmp_path_factory.mktemp("sanitized") / "crypto", "-O1", *SANITIZE)

from collections.abc import Iterator

import pytest

from tests.zkvm.guest.chain.scripts import SANITIZE, Library, Program, Runner, compiled


@pytest.fixture(scope="session", params=["library, limbs of 64 bits", "sanitized program, limbs of 32 bits"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    folder = tmp_path_factory.mktemp("chain")
    if request.param.startswith("library"):
        yield Library(compiled(folder / "chain.so", "-O2", "-fPIC", "-shared", "-DZK_LIMB_BITS=64"))
    else:
        program = Program(compiled(folder / "chain", *SANITIZE, "-DZK_LIMB_BITS=32"))
        yield program
        program.close()

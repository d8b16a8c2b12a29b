from collections.abc import Iterator

import pytest

from tests.zkvm.guest.chain.scripts import Library, Program, Runner


@pytest.fixture(scope="session", params=["library, limbs of 64 bits", "sanitized program, limbs of 32 bits"])
def run(request: pytest.FixtureRequest) -> Iterator[Runner]:
    if request.param.startswith("library"):
        yield Library()
    else:
        program = Program()
        yield program
        program.close()

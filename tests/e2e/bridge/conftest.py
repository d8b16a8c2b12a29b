import pytest

from tests.e2e.bridge.lab import bridge_lab
from tests.e2e.settlement.conftest import on_anvil


@pytest.fixture(scope="module", params=["embedded", on_anvil])
def lab(request, tmp_path_factory):
    """Three chains, shared by a module's tests: each uses accounts and tokens of its own, or compares differences."""
    with bridge_lab(request.param, tmp_path_factory.mktemp(request.param), chains=3) as made:
        made.kind_of_l1 = request.param
        yield made

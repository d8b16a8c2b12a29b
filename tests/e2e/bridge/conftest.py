import pytest

from tests.e2e.bridge.lab import bridge_lab
from tests.e2e.settlement.conftest import on_anvil_in_soak


@pytest.fixture(scope="module", params=["embedded", on_anvil_in_soak])
def lab(request, tmp_path_factory):
    """Three chains, shared by a module's tests: each uses accounts and tokens of its own, or compares differences."""
    yield from three_chains(request.param, tmp_path_factory)


def three_chains(kind, tmp_path_factory):
    """What ``lab`` gives, on an L1 of one kind."""
    with bridge_lab(kind, tmp_path_factory.mktemp(kind), chains=3) as made:
        made.kind_of_l1 = kind
        yield made

import pytest

from tests.e2e.settlement.lab import ANVIL, lab_on

_NEEDS_ANVIL = [pytest.mark.npm, pytest.mark.skipif(not ANVIL, reason="anvil is not installed: make npm")]
on_anvil = pytest.param("anvil", marks=_NEEDS_ANVIL)
#: Where the embedded L1 says enough for the gate, and another L1 is for make soak.
on_anvil_in_soak = pytest.param("anvil", marks=[*_NEEDS_ANVIL, pytest.mark.soak])


@pytest.fixture(params=["embedded", on_anvil])
def make_lab(request, tmp_path):
    """Makes a laboratory on each L1 there is."""
    yield from _labs(request.param, tmp_path)


@pytest.fixture(params=["embedded", on_anvil_in_soak])
def make_proving_lab(request, tmp_path):
    """Makes a laboratory in which batches are proven."""
    yield from _labs(request.param, tmp_path)


@pytest.fixture
def make_embedded_lab(tmp_path):
    """Makes a laboratory on the embedded L1, which may be stopped and started again."""
    yield from _labs("embedded", tmp_path)


@pytest.fixture(params=[on_anvil])
def make_anvil_lab(request, tmp_path):
    """Makes a laboratory on anvil, for what only anvil can do."""
    yield from _labs(request.param, tmp_path)


def _labs(kind, tmp_path):
    entered = []

    def make(**settings):
        context = lab_on(kind, tmp_path, **settings)
        entered.append(context)
        return context.__enter__()

    yield make
    for context in entered:
        context.__exit__(None, None, None)

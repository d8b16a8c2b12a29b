"""Provers by name."""

import pytest

from cluster.errors import UnknownBackend
from cluster.workers.backends import BACKENDS, check_backend, make_backend
from cluster.workers.unproven import UnprovenProver


def test_the_development_prover_is_there() -> None:
    assert isinstance(make_backend("unproven"), UnprovenProver)


def test_a_backend_of_ones_own_is_named_by_module_and_factory() -> None:
    assert isinstance(make_backend("cluster.workers.unproven:UnprovenProver"), UnprovenProver)


@pytest.mark.parametrize("name", sorted(BACKENDS))
def test_every_name_in_the_table_can_be_made(name: str) -> None:
    make_backend(name)


def test_a_near_miss_is_suggested() -> None:
    with pytest.raises(UnknownBackend, match="unproved") as caught:
        check_backend("unproved")
    assert "'unproven'" in caught.value.hint


@pytest.mark.parametrize("name", ["", ":", "a:", ":b", "no such:thing", "a..b:c"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UnknownBackend):
        check_backend(name)


@pytest.mark.parametrize("name", ["no_such_module:Prover", "cluster.workers.unproven:NoSuchProver"])
def test_what_cannot_be_loaded_is_named(name: str) -> None:
    with pytest.raises(UnknownBackend, match="cannot be loaded"):
        make_backend(name)

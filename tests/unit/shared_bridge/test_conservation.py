"""The check against a small model of the hub: every right step keeps it, every wrong one is found."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_bridge.conservation import InFlight, Readers, check
from shared_bridge.errors import ConservationBroken

ASSET = b"\x0a" * 32
CHAINS = (271, 272, 273)


class Model:
    """One L1 asset, three chains, and everything that can be on its way."""

    def __init__(self):
        self.vault = 0
        self.books = dict.fromkeys(CHAINS, 0)
        self.supply = dict.fromkeys(CHAINS, 0)
        self.deposits, self.withdrawals, self.transfers = [], [], []

    def readers(self):
        return Readers(
            held=lambda asset: self.vault,
            booked=lambda chain, asset: self.books[chain],
            supply=lambda chain, asset: self.supply[chain],
            in_flight=lambda asset: [
                InFlight(asset, amount) for _, amount in [*self.deposits, *self.withdrawals, *self.transfers]
            ],
        )

    def check(self):
        return check([ASSET], CHAINS, self.readers())

    def deposit(self, chain, amount):
        self.vault += amount
        self.books[chain] += amount
        self.deposits.append((chain, amount))

    def execute_deposit(self):
        if self.deposits:
            chain, amount = self.deposits.pop()
            self.supply[chain] += amount

    def withdraw(self, chain, amount):
        taken = min(amount, self.supply[chain])
        self.supply[chain] -= taken
        self.withdrawals.append((chain, taken))

    def claim(self):
        if self.withdrawals and self.books[self.withdrawals[-1][0]] >= self.withdrawals[-1][1]:
            chain, amount = self.withdrawals.pop()
            self.books[chain] -= amount
            self.vault -= amount

    def send(self, source, destination, amount):
        taken = min(amount, self.supply[source])
        self.supply[source] -= taken
        self.books[source] -= taken
        self.books[destination] += taken
        self.transfers.append((destination, taken))

    def arrive(self):
        if self.transfers:
            chain, amount = self.transfers.pop()
            self.supply[chain] += amount


chains = st.sampled_from(CHAINS)
amounts = st.integers(1, 10**20)
steps = st.one_of(
    st.tuples(st.just("deposit"), chains, amounts),
    st.tuples(st.just("execute_deposit")),
    st.tuples(st.just("withdraw"), chains, amounts),
    st.tuples(st.just("claim")),
    st.tuples(st.just("send"), chains, chains, amounts),
    st.tuples(st.just("arrive")),
)


@settings(deadline=None)
@given(st.lists(steps, max_size=30))
def test_right_steps_conserve(taken):
    model = Model()
    for name, *args in taken:
        getattr(model, name)(*args)
        model.check()


@settings(deadline=None)
@given(
    st.lists(steps, max_size=20),
    chains,
    amounts,
    st.sampled_from(["mint", "burn", "steal", "book", "double claim", "double arrival"]),
)
def test_wrong_steps_are_found(taken, chain, amount, fault):
    model = Model()
    model.deposit(chain, amount)
    for name, *args in taken:
        getattr(model, name)(*args)
    if fault == "mint":
        model.supply[chain] += amount
    elif fault == "burn":
        model.transfers.append((chain, -amount))
    elif fault == "steal":
        model.vault -= amount
    elif fault == "book":
        model.books[chain] += amount
    elif fault == "double claim":
        model.vault -= amount
        model.books[chain] -= amount
    else:
        model.supply[chain] += amount
    with pytest.raises(ConservationBroken) as broken:
        model.check()
    assert ASSET.hex() in broken.value.message


def test_the_report_shows_where_everything_is():
    model = Model()
    model.deposit(271, 100)
    model.execute_deposit()
    model.send(271, 272, 30)
    (report,) = model.check()
    assert (report.held, report.booked, report.supplies, report.in_flight) == (100, 100, {271: 70, 272: 0, 273: 0}, 30)


def test_books_without_limit_are_left_out():
    readers = Readers(
        held=lambda asset: 50,
        booked=lambda chain, asset: None if chain == 271 else 20,
        supply=lambda chain, asset: {271: 0, 272: 20, 273: 0}[chain],
        in_flight=lambda asset: [InFlight(asset, 30, "a withdrawal")],
    )
    (report,) = check([ASSET], CHAINS, readers)
    assert report.booked is None and report.abroad == 50

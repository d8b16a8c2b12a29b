"""The known head is never older than the last change, whoever looks at the same time."""

from chain_template.state import Head, KnownHead, StateReader


def head(base_fee: int) -> Head:
    return Head(StateReader({}, bytes(32)), base_fee)


def test_it_is_looked_at_once_a_change() -> None:
    looks: list[Head] = []

    def look() -> Head:
        looks.append(head(len(looks)))
        return looks[-1]

    known = KnownHead(look)
    assert known.get() is known.get() is looks[0]
    known.changed()
    assert known.get() is looks[1] and len(looks) == 2


def test_what_was_read_before_a_change_is_not_kept_after_it() -> None:
    fees = iter((1, 2))

    def look() -> Head:
        fee = next(fees)
        if fee == 1:
            known.changed()  # a block is committed while the head before it is being read
        return head(fee)

    known = KnownHead(look)
    assert known.get().base_fee == 1
    assert known.get().base_fee == 2


def test_a_reader_does_not_grow_for_ever() -> None:
    looks = []
    known = KnownHead(lambda: looks.append(None) or head(0))  # type: ignore[func-returns-value]
    for _ in range(50_000):
        known.get()
    assert 2 <= len(looks) <= 4

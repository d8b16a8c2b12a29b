"""Answers leave in one piece, whole and in order."""

import asyncio
from collections.abc import Callable

from chain_template.rpc.joined_writes import JoinedWrites


class Transport(asyncio.Transport):
    """Notes what it is asked for."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.done: list[bytes | str] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.done.append(bytes(data))

    def close(self) -> None:
        self.done.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.done


def after(work: Callable[[JoinedWrites], None]) -> list[bytes | str]:
    transport = Transport()

    async def turn() -> None:
        work(JoinedWrites(transport, asyncio.get_running_loop()))
        await asyncio.sleep(0)

    asyncio.run(turn())
    return transport.done


def test_what_is_written_in_a_turn_is_sent_as_one_piece() -> None:
    def work(joined: JoinedWrites) -> None:
        joined.write(b"head")
        joined.write(b"body")

    assert after(work) == [b"headbody"]


def test_each_turn_is_sent_by_itself() -> None:
    async def turns() -> list[bytes | str]:
        transport = Transport()
        joined = JoinedWrites(transport, asyncio.get_running_loop())
        for piece in (b"one", b"two"):
            joined.write(piece)
            assert piece not in transport.done
            await asyncio.sleep(0)
        return transport.done

    assert asyncio.run(turns()) == [b"one", b"two"]


def test_what_waits_is_sent_before_the_end_and_nothing_after_it() -> None:
    def work(joined: JoinedWrites) -> None:
        joined.write(b"bye")
        joined.close()
        joined.write(b"too late")

    assert after(work) == [b"bye", "closed"]


def test_all_else_is_the_transports() -> None:
    def work(joined: JoinedWrites) -> None:
        assert joined.get_extra_info("peername") == ("127.0.0.1", 1)
        assert not joined.is_closing()

    after(work)

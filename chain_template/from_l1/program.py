"""Which program a batch had to be proven by: the one that was in force when L1 verified it."""

from dataclasses import dataclass
from typing import Final

from chain_template.errors import L1Diverged
from chain_template.settlement.on_l1 import ChainOnL1
from chain_template.store.records import BatchStage

_EVENTS: Final = ("NewProgram", "ExecuteUpgrade", "BlocksVerification")


@dataclass(frozen=True, slots=True)
class ProgramInForce:
    """A chain's key, as L1 announced it.

    Attributes:
        protocol_version: The version that the chain was on, packed.
        verifier: Address of the contract that was asked.
        program_id: The batch program, 32 bytes.
        is_current: Whether the chain still has it.
    """

    protocol_version: int
    verifier: str
    program_id: bytes
    is_current: bool


def program_of(chain: ChainOnL1, number: int, stage: BatchStage, l1_head: int) -> ProgramInForce:
    """The program by which L1 verified a batch, or will have to where it has not yet.

    It is read from the chain's events alone, so an L1 node needs no old state. A batch that was reverted and verified
    again counts as of the last time.

    Args:
        chain: The chain's contracts.
        number: The batch, committed.
        stage: How far L1 has taken it.
        l1_head: The last L1 block to look at.

    Raises:
        L1Diverged: L1's events do not say.
        L1Error: L1 does not answer.
    """
    newest: tuple[int, str, bytes] | None = None
    found = None
    for log in chain.events(_EVENTS, chain.link.start_block, l1_head):
        announced = log.decode(chain.chain, "NewProgram")
        if announced is not None:
            newest = (announced["protocolVersion"], str(announced["verifier"]), bytes(announced["programId"]))
            continue
        upgraded = log.decode(chain.chain, "ExecuteUpgrade")
        if upgraded is not None:
            newest = newest and (upgraded["newProtocolVersion"], *newest[1:])
            continue
        verified = log.decode(chain.chain, "BlocksVerification") or {}
        if verified["previousLastVerifiedBatch"] < number <= verified["currentLastVerifiedBatch"]:
            found = newest
    if stage is BatchStage.COMMITTED:
        found = newest
    if found is None or newest is None:
        raise L1Diverged(f"L1's events do not show by which program batch {number} was verified", hint="try again")
    return ProgramInForce(*found, is_current=found[1:] == newest[1:])

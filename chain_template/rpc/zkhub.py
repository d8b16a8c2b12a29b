"""zkhub_: what only chains of this hub have."""

from chain_template.rpc.errors import ServerError
from chain_template.rpc.format import Json, hexstr, optional_hex
from chain_template.rpc.params import Param, uint64
from chain_template.rpc.registry import Methods, Run
from chain_template.rpc.view import View
from contracts.errors import L1Error

methods = Methods()


@methods("zkhub_requestInteropRoot", Param("l1BlockNumber", uint64), l1_only=True, run=Run.POOL)
def request_interop_root(view: View, l1_block: int) -> Json:
    """Have the chain import the message root of an L1 block, so that messages can be proven against it.

    Safe to repeat: ``blockNumber`` is null until a block has imported the root. An L1 block without a root is an error.
    """
    try:
        root, block_number = view.backend.request_interop_root(l1_block)
    except L1Error as exc:
        raise ServerError(f"L1 does not answer: {exc.message}", hint="try again") from exc
    return {"l1BlockNumber": hex(l1_block), "root": hexstr(root), "blockNumber": optional_hex(block_number)}


@methods("zkhub_getBatchInput", Param("batchNumber", uint64), l1_only=True, run=Run.POOL)
def get_batch_input(view: View, number: int) -> str | None:
    """What the batch program reads: blocks and their witness, from which anyone can re-execute the batch; or null."""
    return None if view.snapshot.batch(number) is None else hexstr(view.backend.store.batch_input(number))

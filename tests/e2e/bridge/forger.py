"""An operator who lies: his own node, whose batches claim what he likes, and his own prover, which agrees to it."""

from dataclasses import replace

from chain_template.batcher.build import BuiltBatch
from chain_template.batcher.log_tree import LogTree
from chain_template.primitives import keccak
from chain_template.settlement.proofs import ProofResult
from contracts.messages import public_input
from shared_bridge import log_proof
from tests.e2e.settlement.lab import LocalProver


class ObedientProver(LocalProver):
    """Says of every batch what the operator wants to hear. L1's verifier for development believes it."""

    def _prove(self, job):
        result = ProofResult(job.batch_number, job.public_input, b"", "the operator's own", None)
        with self._lock:
            self._results[job.chain_id, job.batch_number] = (job.public_input, result)


class Forger:
    """Changes the batches that a node seals. Everything after that is the node's usual way: commit, prove, execute.

    Args:
        node: A chain's node, made with an :class:`ObedientProver`.
    """

    def __init__(self, node):
        batcher = node.settlement.batcher
        self._honest = batcher._build
        batcher._build = self._build
        self._wanted = None
        self._forged = {}

    def next_batch(self, *, flows=None, messages=()):
        """Have the next batch claim these flows instead of its own, and these messages besides its own.

        Args:
            flows: :class:`InteropFlow` each; its own where left out.
            messages: (sender, message) each, as if its first transaction had sent them.
        """
        self._forged.clear()
        self._wanted = (flows, messages)

    @property
    def batch_number(self):
        """The batch that was forged; None while it is not sealed."""
        return next(iter(self._forged), None)

    def proof(self, which):
        """Where the forged message ``which`` stands in its batch, and its final proof: (index, words)."""
        ((tree, first),) = self._forged.values()
        return first + which, tuple(tree.proof(first + which))

    def _build(self, snapshot, number):
        built, count = self._honest(snapshot, number)
        if self._wanted is None:
            return built, count
        (flows, messages), self._wanted = self._wanted, None
        output = built.output
        leaves = (*output.leaves, *(leaf_of(sender, message) for sender, message in messages))
        tree = LogTree(leaves)
        changes = {"l2_logs_tree_root": tree.chain_batch_root}
        if flows is not None:
            changes["interop_flows"] = tuple(flows)
        commit = replace(output.commit, **changes)
        output_hash = commit.batch_output_hash()
        claimed = public_input(output.prev_state_commitment, commit.new_state_commitment, output_hash)
        forged = replace(output, commit=commit, leaves=leaves, batch_output_hash=output_hash, public_input=claimed)
        self._forged[number] = (tree, len(output.leaves))
        return BuiltBatch(forged, built.batch_input), count


def leaf_of(sender, message):
    """Leaf of a message that nobody sent, in the first transaction of its batch."""
    key = bytes(12) + bytes.fromhex(sender[2:])
    return log_proof.packed_log(log_proof.L1_MESSENGER, key, keccak(message), 0)

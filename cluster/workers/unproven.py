"""The development prover: re-executes the batch and proves nothing. What it refuses is as wrong as for any prover."""

import threading

from chain_template.batcher.batch_program import run
from chain_template.errors import BatchInputError
from cluster.errors import BatchRefused
from cluster.pool.jobs import Assignment
from cluster.workers.backends import Report, silent


class UnprovenProver:
    """Runs the batch program on the input and compares the public input that comes out."""

    def warm_up(self) -> None:
        """Nothing: importing this module has loaded the executor."""

    def prove(self, assignment: Assignment, abandoned: threading.Event, report: Report = silent) -> bytes:
        """Empty bytes, if the batch is right.

        Raises:
            BatchRefused: The input is malformed, or leads to another public input than the one claimed.
        """
        try:
            output = run(assignment.batch_input, batch_number=assignment.key.batch_number)
        except BatchInputError as error:
            raise BatchRefused(error.message, reason=error.reason) from error
        if output.public_input != assignment.public_input:
            raise BatchRefused(
                f"batch {assignment.key.batch_number} of {assignment.chain_name}: re-execution gives public input "
                f"0x{output.public_input.hex()}, the batch claims 0x{assignment.public_input.hex()}",
                reason="public-input-mismatch",
            )
        return b""

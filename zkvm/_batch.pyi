"""The batch program in C. Use ``zkvm.guest.run_natively``."""

def run(data: bytes, /) -> tuple[int, bytes, bytes]:
    """Reason (0 where the batch is good), public input, pubdata."""

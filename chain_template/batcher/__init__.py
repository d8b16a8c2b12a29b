"""From blocks to batches: when a batch is sealed, what it publishes, what it claims, and how it is re-executed.

``batcher``        decides when a batch is sealed and stores it
``build``          from executed blocks to a batch: output, pubdata, witness, input
``batch_program``  re-executes a batch from its input alone (``batch_input``): the reference of what is proven
``pubdata``        the bytes that let anyone rebuild the state; ``state_diff`` makes and applies them
``log_tree``       the L2→L1 logs' tree and its proofs
"""

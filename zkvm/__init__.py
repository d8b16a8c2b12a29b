"""The proof system: a STARK prover for RV32IM programs and its verifiers.

This room is empty for now. It will hold ``field/``, ``air/``, ``machine/``, ``stark/``, ``backends/``, ``guest/``,
``emulator/`` and ``solidity/``; until then batches are settled by the labelled development mode
(``proofs: none``), whose worker re-executes every batch but proves nothing.
"""

"""The STARK: one transcript, one proof format, a prover and a verifier that share nothing else.

``docs/reference/zkvm/proof-format.md`` is the protocol to the byte; ``docs/explanation/zkvm/soundness.md`` says why a
false statement has no proof.
"""

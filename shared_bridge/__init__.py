"""What passes between L1 and the chains, and from chain to chain: deposits, withdrawals, messages and their proofs."""

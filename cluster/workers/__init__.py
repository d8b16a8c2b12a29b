"""What prover workers do, without Ray: take a job, run a backend on it, hand the proof in."""

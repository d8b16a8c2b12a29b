"""Runs RV32IM programs as the machine defines them, and writes down what the prover needs."""

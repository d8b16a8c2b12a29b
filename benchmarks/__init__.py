"""Figures, each against a peer in the same run. ``python -m benchmarks`` prints them as JSON."""

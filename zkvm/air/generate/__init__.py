"""Code from machines: C for the CPU (at build time), CUDA C and Yul (expression level)."""

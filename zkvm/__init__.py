"""The proof system: a STARK prover for RV32IM programs and its verifiers.

::

    field/      Goldilocks and its cubic extension, in plain integers and NumPy
    air/        the constraint language: one definition of a table, read by interpreter, debugger and code generators
    machine/    RV32IM and its precompiles as tables of that language; keys, traces, prove and verify
    emulator/   runs programs, logs what the prover needs, counts what a proof costs
    guest_kit/  what a program to be proven is built with, and examples
    stark/      the protocol: transcript, proof format, prover, verifier, soundness calculator
    backends/   where the heavy work is done: NumPy as the reference, compiled kernels on all cores
    csrc/       the C behind backends, machine and emulator
"""

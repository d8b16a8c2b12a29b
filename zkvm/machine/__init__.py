"""The machine: RV32IM and its precompiles as tables of an AIR, and what turns a run of it into a proof.

``machine.riscv()`` is read while the package is built, so this module imports nothing.
"""

"""Where the prover's heavy work is done: one interface, a readable NumPy backend and a fast C one.

``interface.py`` says what a backend does, ``reference/`` does it with NumPy, ``cpu/`` with compiled kernels on all
cores. Both give the same bytes.
"""

"""From the execution log to the columns of each table, in NumPy: the readable reference of the compiled expansion.

Every function takes what it needs of the log and returns the named columns of its table; the lookups that the rows
make are counted in ``Lookups`` on the way.
"""

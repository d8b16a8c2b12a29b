"""The tables, one a file: columns, constraints, interactions. What a cell means stands beside its constraints."""

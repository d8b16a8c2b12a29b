"""Thin actors round plain classes; each module imports ray, so import them only where a cluster is used."""

"""The backend to read: every operation in NumPy, as its definition says."""

from zkvm.backends.reference.backend import ReferenceBackend

__all__ = ["ReferenceBackend"]

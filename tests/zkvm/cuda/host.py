"""A CUDA backend whose results are all on the host, for tests that compare arrays."""

from functools import wraps

from zkvm.backends.cuda.arrays import DeviceArray


class OnHost:
    """Passes every call on to the backend and brings its result to the host."""

    def __init__(self, backend):
        self.backend = backend

    def __getattr__(self, name):
        found = getattr(self.backend, name)
        if not callable(found):
            return found

        @wraps(found)
        def call(*arguments, **named):
            result = found(*arguments, **named)
            return result.to_host() if isinstance(result, DeviceArray) else result

        return call

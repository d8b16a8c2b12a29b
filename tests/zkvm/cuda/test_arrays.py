"""Arrays of a device behave as NumPy's where they offer the same, and refuse the rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zkvm.cuda.emulated import EmulatedDevice, needs_compiler
from zkvm.backends.cuda.arrays import upload
from zkvm.backends.cuda.launching import Kernels

pytestmark = needs_compiler
KERNELS = Kernels(EmulatedDevice())
SHAPE = (4, 6, 5)
VALUES = np.arange(120, dtype=np.uint64).reshape(SHAPE)


def indices(length):
    bound = st.none() | st.integers(-length - 1, length + 1)
    return st.integers(-length, length - 1) | st.builds(slice, bound, bound, st.integers(1, 3) | st.none())


keys = st.tuples(*map(indices, SHAPE)) | st.tuples(indices(4), st.just(...)) | st.tuples(st.just(...), indices(5))


@settings(max_examples=60, deadline=None)
@given(keys)
def test_slices_are_numpys(key):
    expected = VALUES[key]
    found = upload(KERNELS, VALUES)[key]
    assert found.shape == np.shape(expected)
    assert (found.to_host() == expected).all()
    assert found.flags.c_contiguous == np.asarray(expected).flags.c_contiguous or expected.size <= 1


@settings(max_examples=40, deadline=None)
@given(keys, st.booleans())
def test_assignment_is_numpys(key, from_device):
    expected = VALUES.copy()
    there = upload(KERNELS, expected)
    new = np.asarray(expected[key] + np.uint64(1000))
    expected[key] = new
    there[key] = upload(KERNELS, new) if from_device else new
    assert (there.to_host() == expected).all()


def test_numbers_and_repeated_dimensions_are_assigned():
    expected, there = VALUES.copy(), upload(KERNELS, VALUES)
    expected[1], there[1] = 2**64 - 1, 2**64 - 1
    expected[:, 2, ::2], there[:, 2, ::2] = 7, 7
    column = np.arange(6, dtype=np.uint64)
    expected[3], there[3] = column[:, None], column[:, None]
    expected[2], there[2] = expected[0][1], upload(KERNELS, VALUES)[0][1]
    assert (there.to_host() == expected).all()


def test_views_share_their_memory():
    there = upload(KERNELS, VALUES)
    there.reshape(4, -1)[2, 3:5] = 0
    assert there.to_host().reshape(4, 30)[2, 2:6].tolist() == [62, 0, 0, 65]
    assert (there.transpose(2, 0, 1).to_host() == there.to_host().transpose(2, 0, 1)).all()
    assert [row.tolist() for row in there] == there.tolist()
    assert there[0].overlaps(there[0]) and not there[0].overlaps(there[1]) and not there[0].overlaps(VALUES)


def test_bytes():
    digests = np.arange(75, dtype=np.uint8).reshape(3, 25)
    there = upload(KERNELS, digests)
    assert bytes(there[1]) == digests[1].tobytes()
    assert there[1:].tobytes() == digests[1:].tobytes()


def test_what_is_not_offered_is_refused():
    there = upload(KERNELS, VALUES)
    for key in ((0, 0, 0, 0), [1, 2], VALUES > 3, 4, (0, 9)):
        with pytest.raises(IndexError):
            there[key]
    with pytest.raises(ValueError, match="cannot be seen"):
        there[:, ::2].reshape(-1)
    with pytest.raises(ValueError, match="does not fill"):
        there[0] = np.zeros(4, np.uint64)
    with pytest.raises(TypeError):
        there + VALUES
    with pytest.raises(TypeError):
        VALUES + there


def test_nothing_comes_to_the_host_by_itself():
    device = EmulatedDevice()
    there = upload(Kernels(device), VALUES)
    there[0] = there[1]
    there.reshape(4, 30)[:, None, :]
    assert device.moved == {"to device": VALUES.nbytes, "to host": 0}

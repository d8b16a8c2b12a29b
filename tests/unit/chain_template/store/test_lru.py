"""The cache against a list."""

from hypothesis import given
from hypothesis import strategies as st

from chain_template.store.lru import ByteLru

CAPACITY = 10
steps = st.lists(st.tuples(st.sampled_from(["get", "put"]), st.integers(0, 5), st.integers(1, 12)), max_size=60)


@given(steps=steps)
def test_it_keeps_what_was_used_last(steps):
    cache: ByteLru[int] = ByteLru(CAPACITY)
    kept: list[tuple[int, int, int]] = []  # key, value, size; the last used one last
    for serial, (step, key, size) in enumerate(steps):
        found = next((entry for entry in kept if entry[0] == key), None)
        if step == "get":
            assert cache.get(bytes([key])) == (found[1] if found else None)
            if found:
                kept.remove(found)
                kept.append(found)
        else:
            cache.put(bytes([key]), serial, size)
            if size <= CAPACITY:
                if found:
                    kept.remove(found)
                kept.append((key, serial, size))
                while sum(entry[2] for entry in kept) > CAPACITY:
                    kept.pop(0)
        assert cache.held_bytes == sum(entry[2] for entry in kept)
        assert len(cache) == len(kept)
        assert all((bytes([key]) in cache) == any(entry[0] == key for entry in kept) for key in range(6))

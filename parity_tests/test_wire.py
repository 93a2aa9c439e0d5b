"""The wire, where bytes of somebody else are read: data, or a `WireError`."""

import contextlib
from typing import Any

import numpy as np
import pytest

from parity_tests.sandbox.wire import HEAD, Ref, WireError, pack, unpack


def forge(tree: bytes, arrays: bytes = b"") -> bytes:
    return HEAD.pack(len(tree), len(arrays)) + tree + arrays


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\0" * 8,
        forge(b""),
        forge(b"{"),
        forge(b"[]"),
        forge(b"{}"),
        forge(b'{"a": 1}'),
        forge(b'{"a": [["<f8"], [1], false, false]}'),
        forge(b'{"a": ["<f8", [-1], false, false]}'),
        forge(b'{"a": ["<f8", [2], false, false]}', b"\0" * 8),
        forge(b'{"a": ["<f8", [1], false, false]}', b"\0" * 16),
        forge(b'{"a": ["|O", [1], false, false]}', b"\0" * 8),
        forge(b'{"a": ["<M8[s]", [1], false, false]}', b"\0" * 8),
        forge(b'{"a": ["<f8", [0, 1e400], false, false]}'),
        forge(b'{"a": ["<f8", ' + str([0] + [2**62] * 31).encode() + b", false, false]}"),
        forge(b'{"d": [[{"l": []}, 1]]}'),
        forge(b'{"d": [[1]]}'),
        forge(b'{"g": -1}'),
        forge(b'{"g": 1e999}'),
        forge(b'{"r": [1e999, 2, 3]}'),
        forge(b'{"l": [' * 60 + b"]}" * 60),
        forge(b'{"l": [' * 100_000),
        forge(b"9" * 5000),
        HEAD.pack(2**63, 0) + b"[]",
        HEAD.pack(10**6, 0) + b"1",
    ],
)
def test_what_is_no_message(message: bytes) -> None:
    with pytest.raises(WireError):
        unpack(message)


def test_bytes_that_are_no_truth_values() -> None:
    got = unpack(forge(b'{"a": ["|b1", [3], false, false]}', bytes([0, 1, 255])))
    np.testing.assert_array_equal(got, [False, True, True])
    assert got.sum() == 2


def test_random_changes_of_a_message_raise_nothing_else() -> None:
    rng = np.random.default_rng(0)

    def never(thing: Any) -> Any:
        raise AssertionError(thing)

    values = [np.arange(6.0).reshape(2, 3), ("a", 1, None), {"k": np.float64(3)}, Ref(1, "x")]
    message = pack({"value": values, "changed": []}, never)
    for _ in range(2000):
        changed = bytearray(message)
        for at in rng.integers(0, len(message), 3):
            changed[at] = rng.integers(0, 256)
        with contextlib.suppress(WireError):
            unpack(bytes(changed))

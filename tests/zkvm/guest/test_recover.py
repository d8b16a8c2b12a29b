"""Public key recovery on secp256k1."""

import json
from hashlib import sha256
from pathlib import Path

import coincurve
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.vectors import unpacked
from tests.zkvm.guest.crypto import Library, answers, published

N = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
P = 2**256 - 2**32 - 977
LAMBDA = 0x5363AD4C_C05C30E0_A5261C02_8812645A_122E22EA_20816678_DF02967C_1B23BD72
numbers = st.integers(0, 2**256 - 1)


def call(digest: bytes, parity: int, r: int, s: int) -> bytes:
    return digest + b"".join(number.to_bytes(32, "big") for number in (27 + parity, r, s))


def with_address(key: bytes) -> bytes:
    return key + keccak(key)[12:]


def expected(digest: bytes, parity: int, r: int, s: int) -> bytes | None:
    """What libsecp256k1 recovers."""
    if not (0 < r < N and 0 < s < N):
        return None
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([parity])
    try:
        key = coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except Exception as error:
        assert "failed to recover" in str(error).lower(), error
        return None
    return with_address(key.format(compressed=False)[1:])


@settings(deadline=None)
@given(st.integers(1, N - 1), st.binary(min_size=32, max_size=32))
def test_signatures_give_their_keys(crypto: Library, secret: int, digest: bytes) -> None:
    signer = coincurve.PrivateKey.from_int(secret)
    signature = signer.sign_recoverable(digest, hasher=None)
    r, s = (int.from_bytes(signature[at : at + 32], "big") for at in (0, 32))
    key = with_address(signer.public_key.format(compressed=False)[1:])
    assert crypto("recover", call(digest, signature[64], r, s)) == key
    assert crypto("recover", call(digest, 1 - signature[64], r, N - s)) == key


@settings(deadline=None)
@given(numbers, st.integers(0, 1), numbers, numbers)
def test_any_numbers(crypto: Library, z: int, parity: int, r: int, s: int) -> None:
    digest = z.to_bytes(32, "big")
    assert crypto("recover", call(digest, parity, r, s)) == expected(digest, parity, r, s)


def edges() -> list[tuple[bytes, int, int, int]]:
    g = int.from_bytes(coincurve.PrivateKey.from_int(1).public_key.point()[0].to_bytes(32, "big"), "big")
    half = coincurve.PrivateKey.from_int(2).public_key.point()[0]
    scalars = [1, 2, LAMBDA, N - LAMBDA, LAMBDA + 1, 2**128, 2**128 - 1, 2**255, N // 2, N - 2, N - 1, 0, N, P]
    points = [g, half, 1, 2, 3, 4, 0, N - 1, N, P - 1, P, 2**256 - 1]
    cases = []
    for r in points:
        for s in scalars:
            # With R = G and z = s the key would be infinity; with z = -s G is added to itself.
            for z in {0, 1, s, (N - s) % N, N, 2**256 - 1}:
                cases += [(z.to_bytes(32, "big"), parity, r, s) for parity in (0, 1)]
    return cases


def test_edges(crypto: Library) -> None:
    cases = edges()
    outcomes = [expected(*case) for case in cases]
    assert any(outcomes) and not all(outcomes)
    for case, outcome in zip(cases, outcomes, strict=True):
        assert crypto("recover", call(*case)) == outcome, case


def test_nothing_outside_of_the_buffers_is_touched(sanitized: Path) -> None:
    cases = edges()[::7]
    assert answers(sanitized, [("recover", call(*case)) for case in cases]) == [expected(*case) for case in cases]


def test_published_recoveries(crypto: Library) -> None:
    for _, data, output in published("recover", "ecRecover"):
        found = crypto("recover", data.ljust(128, b"\0")) if not any(data[32:63]) else None
        assert (found or b"")[64:] == (output or b"")[12:], data.hex()


def test_wycheproof(crypto: Library) -> None:
    """A signature is valid where one parity recovers the key that it is said to be from."""
    suite = json.loads((unpacked("wycheproof") / "testvectors_v1" / "ecdsa_secp256k1_sha256_test.json").read_text())
    checked = 0
    for group in suite["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["uncompressed"])[1:]
        for case in group["tests"]:
            try:
                r, s = decode_dss_signature(bytes.fromhex(case["sig"]))
            except (ValueError, InvalidSignature):
                continue
            if not (0 <= r < 2**256 and 0 <= s < 2**256):
                continue
            digest = sha256(bytes.fromhex(case["msg"])).digest()
            keys = [(crypto("recover", call(digest, parity, r, s)) or b"")[:64] for parity in (0, 1)]
            if "valid" in case["result"] and case["result"] != "invalid":
                # Two keys come from x = r, and two more from x = r + N, which Ethereum does not ask for.
                assert key in keys or r + N < P, case["comment"]
            elif all(flag not in case["flags"] for flag in ("BerEncodedSignature", "InvalidEncoding")):
                assert key not in keys, case["comment"]
            checked += 1
    assert checked > 200

"""Who signed: recovering the address behind a signature over secp256k1."""

from collections.abc import Iterable
from typing import Final

from coincurve import PublicKey

from chain_template.errors import InvalidSignature
from chain_template.primitives import keccak
from chain_template.transactions.types import Signature
from zkvm._evm import signers

SECP256K1_N: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def recover_sender(digest: bytes, signature: Signature) -> bytes:
    """The address whose key signed ``digest``.

    Raises:
        InvalidSignature: r or s is out of range, s is in the upper half (EIP-2), or no key fits.
    """
    if not 0 < signature.r < SECP256K1_N or not 0 < signature.s <= SECP256K1_N // 2:
        raise InvalidSignature("the signature's r or s is out of range")
    try:
        key = PublicKey.from_signature_and_message(compact(signature), digest, hasher=None)
    except Exception as exc:  # coincurve raises bare Exception when no curve point fits
        raise InvalidSignature("no key could have made this signature") from exc
    return keccak(key.format(compressed=False)[1:])[12:]


def recover_senders(signed: Iterable[tuple[bytes, Signature]]) -> list[bytes | None]:
    """The same for many digests at once, without Python's lock, so that other threads work meanwhile.

    None stands where :func:`recover_sender` would raise. Numbers of signatures are below 2^256.
    """
    digests, signatures = [], []
    for digest, signature in signed:
        digests.append(digest)
        signatures.append(compact(signature))
    return signers(b"".join(digests), b"".join(signatures))


def compact(signature: Signature) -> bytes:
    """r, s and the parity of y, 65 bytes."""
    return signature.r.to_bytes(32, "big") + signature.s.to_bytes(32, "big") + bytes([signature.y_parity])

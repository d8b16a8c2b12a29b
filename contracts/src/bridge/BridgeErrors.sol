// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Refusals of the bridge, on L1 and on the chains alike.

/// @dev Nothing would move.
error AmountIsZero();
/// @dev Nobody would receive it.
error ReceiverIsZero();
/// @dev The token took a fee, or moved another amount than it was asked for.
error TokensWithFeesNotSupported(uint256 expected, uint256 received);
/// @dev The asset id does not follow from its origin.
error AssetIdMismatch(bytes32 expected, bytes32 provided);
/// @dev No such encoding of deposit data or of a token's description.
error UnsupportedEncodingVersion(bytes1 version);
/// @dev A token may not be born on this chain and come from another.
error OriginIsThisChain(uint256 chainId);
/// @dev More of one asset than the bridge counts.
error AssetAmountTooHigh(bytes32 assetId, uint256 amount, uint256 max);
/// @dev The receiver did not take the value.
error ValueNotTaken(address receiver, uint256 amount);
/// @dev A request that carries tokens brings no base token for its call.
error L2ValueNotSupported(uint256 value);
/// @dev The message says it is from, or for, another chain.
error WrongChainId(uint256 expected, uint256 provided);

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Refusals of claims on L1.

/// @dev The message was claimed before.
error WithdrawalAlreadyFinalized(uint256 chainId, uint256 l2BatchNumber, uint256 l2MessageIndex);
/// @dev The chain did not say this, or not there.
error InvalidProof();
/// @dev Nobody whose messages pay out sent this.
error WrongL2Sender(address l2Sender);
/// @dev The message is none that pays out.
error InvalidSelector(bytes4 selector);
/// @dev The message is too short, or has bytes that mean nothing.
error L2WithdrawalMessageWrongLength(uint256 length);
/// @dev A request has one deposit.
error DepositExists(uint256 chainId, bytes32 l2TxHash);
/// @dev Something else was deposited with this request, or it was handed back already.
error DepositDoesNotExist(bytes32 expected, bytes32 provided);
/// @dev The bridge did not answer as a second bridge does.
error WrongMagicValue(bytes32 expected, bytes32 provided);
/// @dev Addresses this low belong to the system.
error SecondBridgeAddressTooLow(address secondBridge, address min);

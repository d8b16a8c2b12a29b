// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    L2TransactionRequestTwoBridgesInner
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridgehub/IBridgehub.sol";

/// @title What the Bridgehub asks of the bridge that a request with two bridges names
interface ISecondBridge {
    /// @notice Takes what the bridge brings to the chain, and says what the chain is to be called with.
    function bridgehubDeposit(uint256 chainId, address originalCaller, uint256 l2Value, bytes calldata data)
        external
        payable
        returns (L2TransactionRequestTwoBridgesInner memory request);

    /// @notice Learns the hash of the request.
    function bridgehubConfirmL2Transaction(uint256 chainId, bytes32 txDataHash, bytes32 txHash) external;
}

/// @title Routes assets between L1 and chains to the contracts that hold them
interface IL1AssetRouter is ISecondBridge {
    /// @notice Takes the base token of a request. Only the Bridgehub may.
    function bridgehubDepositBaseToken(uint256 chainId, bytes32 assetId, address originalCaller, uint256 amount)
        external
        payable;

    /// @notice Hands out what a chain sent. Only the nullifier may.
    function finalizeDeposit(uint256 chainId, bytes32 assetId, bytes calldata transferData) external;

    /// @notice Hands a failed deposit back. Only the nullifier may.
    function bridgeRecoverFailedTransfer(
        uint256 chainId,
        address depositSender,
        bytes32 assetId,
        bytes calldata assetData
    ) external;

    /// @notice Moves a token from its owner, who approved the router, to the vault. Only the vault may.
    function transferFundsToNTV(bytes32 assetId, uint256 amount, address originalCaller) external returns (bool);

    /// @notice Learns that the vault holds an asset. Only the vault may.
    function registerAsset(bytes32 assetId) external;

    /// @notice Holder of native tokens.
    function nativeTokenVault() external view returns (address);

    /// @notice Who holds an asset, or zero.
    function assetHandlerAddress(bytes32 assetId) external view returns (address);
}

/// @title Remembers what was claimed and what was deposited
interface IL1Nullifier {
    /// @notice Remembers a deposit. Only the router may.
    function bridgehubConfirmL2TransactionForwarded(uint256 chainId, bytes32 txDataHash, bytes32 txHash) external;

    /// @notice Hands a deposit back whose request failed on the chain.
    function bridgeRecoverFailedTransfer(
        uint256 chainId,
        address depositSender,
        bytes32 assetId,
        bytes calldata assetData,
        bytes32 l2TxHash,
        uint256 l2BatchNumber,
        uint256 l2MessageIndex,
        uint16 l2TxNumberInBatch,
        bytes32[] calldata merkleProof
    ) external;

    /// @notice Whether a chain's message was claimed.
    function isWithdrawalFinalized(uint256 chainId, uint256 l2BatchNumber, uint256 l2MessageIndex)
        external
        view
        returns (bool);
}

/// @title Holds assets of one kind (ZK Stack's `IAssetHandler`)
interface IAssetHandler {
    /// @notice Takes an asset for a chain. Only the router may (on a chain, the interop center too).
    function bridgeBurn(uint256 chainId, uint256 msgValue, bytes32 assetId, address originalCaller, bytes calldata data)
        external
        payable
        returns (bytes memory bridgeMintData);

    /// @notice Hands an asset out that came from a chain. Only the router may.
    function bridgeMint(uint256 chainId, bytes32 assetId, bytes calldata data) external payable;

    /// @notice Registers a token that was born here, if it is not yet; anyone may.
    function ensureTokenIsRegistered(address token) external returns (bytes32 assetId);

    /// @notice Token of an asset id, or zero.
    function tokenAddress(bytes32 assetId) external view returns (address);
}

/// @title What L1 asks of its vault
interface IL1NativeTokenVault is IAssetHandler {
    /// @notice Hands a failed deposit back to who made it. Only the router may.
    function bridgeRecoverFailedTransfer(uint256 chainId, bytes32 assetId, address depositSender, bytes calldata data)
        external;

    /// @notice What is held for a chain, in the asset's smallest unit.
    function chainBalance(uint256 chainId, bytes32 assetId) external view returns (uint256);

    /// @notice Moves a balance from one chain to another. Only the chain that loses it may.
    function moveChainBalance(uint256 fromChainId, uint256 toChainId, bytes32 assetId, uint256 amount) external;
}

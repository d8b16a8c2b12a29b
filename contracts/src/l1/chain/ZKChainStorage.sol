// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    FeeParams
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/chain-deps/ZKChainStorage.sol";
import {
    PriorityTree
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/libraries/PriorityTree.sol";
import {InteropFlow} from "./BatchTypes.sol";

/// @notice What a chain is created with (`initData` of `createNewChain`, ABI-encoded).
/// @param genesisStateCommitment keccak256 of the RLP header of the genesis block.
/// @param genesisTimestamp Timestamp of the genesis block, seconds.
/// @param daCommitmentScheme Data availability scheme: 1 validium, 2 calldata.
/// @param feeParams Prices of requests from L1.
/// @param tokenMultiplierNominator Price of ether in base token, upper part.
/// @param tokenMultiplierDenominator Lower part.
/// @param priorityExpiration Seconds a request may wait before anyone may force it.
/// @param priorityTxMaxGasLimit Gas one request may ask for.
struct ChainInitData {
    bytes32 genesisStateCommitment;
    uint64 genesisTimestamp;
    uint8 daCommitmentScheme;
    FeeParams feeParams;
    uint128 tokenMultiplierNominator;
    uint128 tokenMultiplierDenominator;
    uint64 priorityExpiration;
    uint256 priorityTxMaxGasLimit;
}

/// @notice Who a chain belongs to and what it starts as; given by the chain type manager that creates it.
/// @param chainId The chain id.
/// @param baseTokenAssetId Asset id of the base token.
/// @param admin First admin.
/// @param validatorTimelock May settle batches.
/// @param protocolVersion The newest version.
/// @param verifier Its verifier.
/// @param programId Its batch program.
struct ChainIdentity {
    uint256 chainId;
    bytes32 baseTokenAssetId;
    address admin;
    address validatorTimelock;
    uint256 protocolVersion;
    address verifier;
    bytes32 programId;
}

/// @notice All state of a chain's contract. It lives behind a proxy: later versions append, and change nothing above.
struct ZKChainStorage {
    uint256 chainId;
    bytes32 baseTokenAssetId;
    address chainTypeManager;
    address admin;
    address pendingAdmin;
    address verifier;
    bytes32 programId;
    uint256 protocolVersion;
    uint256 creationBlock;
    mapping(address => bool) validators;
    // Batches.
    uint256 totalBatchesCommitted;
    uint256 totalBatchesVerified;
    uint256 totalBatchesExecuted;
    mapping(uint256 batchNumber => bytes32) storedBatchHashes;
    mapping(uint256 batchNumber => bytes32) l2LogsRootHashes;
    mapping(uint256 batchNumber => InteropFlow[]) interopFlows;
    uint256 daCommitmentScheme;
    bool isPermanentRollup;
    bool frozen;
    // Requests from L1.
    FeeParams feeParams;
    uint256 priorityTxMaxGasLimit;
    uint128 tokenMultiplierNominator;
    uint128 tokenMultiplierDenominator;
    address transactionFilterer;
    PriorityTree.Tree priorityTree;
    mapping(uint256 priorityOpId => uint64) priorityOpsRequestTimestamp;
    // Forced inclusion.
    uint64 priorityExpiration;
    bool priorityMode;
}

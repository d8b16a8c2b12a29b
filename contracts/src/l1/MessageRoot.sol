// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    DynamicIncrementalMerkle
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/libraries/DynamicIncrementalMerkle.sol";
import {
    BatchNumberMismatch,
    ChainIdAlreadyExists,
    ChainIdNotRegistered,
    OnlyChain,
    Unauthorized
} from "./common/Errors.sol";
import {IBridgehub} from "./interfaces/IBridgehub.sol";
import {IMessageRoot} from "./interfaces/IMessageRoot.sol";
import {GrowingTree} from "./libraries/GrowingTree.sol";

/// @title One root over all chains' executed batches
/// @notice Every executed batch is a leaf of its chain's tree; the root of each chain's tree is a leaf of the shared
/// tree. The shared root is kept for every block it changed in, so that a chain can prove against the root it imported
/// however many batches were executed since. Hashes as in ZK Stack.
contract MessageRoot is IMessageRoot {
    using DynamicIncrementalMerkle for DynamicIncrementalMerkle.Bytes32PushTree;
    using GrowingTree for GrowingTree.Tree;

    bytes32 private constant BATCH_LEAF_PADDING = keccak256("zkSync:BatchLeaf");
    bytes32 private constant CHAIN_ID_LEAF_PADDING = keccak256("zkSync:ChainIdLeaf");
    /// @dev Empty leaf of both kinds of tree: hash of a leaf's 96 bytes, all zero.
    bytes32 private constant EMPTY_LEAF = keccak256(new bytes(96));

    /// @notice The Bridgehub.
    IBridgehub public immutable BRIDGE_HUB;

    /// @notice Number of chains.
    uint256 public chainCount;
    /// @notice Place of a chain in the shared tree.
    mapping(uint256 chainId => uint256) public chainIndex;
    /// @notice The chain at a place of the shared tree.
    mapping(uint256 chainIndex => uint256) public chainIndexToId;
    /// @notice Number of a chain's last executed batch.
    mapping(uint256 chainId => uint256) public currentChainBatchNumber;
    /// @notice Root of an executed batch's messages.
    mapping(uint256 chainId => mapping(uint256 batchNumber => bytes32)) public chainBatchRoots;
    /// @inheritdoc IMessageRoot
    mapping(uint256 blockNumber => bytes32) public historicalRoot;

    mapping(uint256 chainId => bool) private _isKnown;
    mapping(uint256 chainId => DynamicIncrementalMerkle.Bytes32PushTree) private _chainTree;
    GrowingTree.Tree private _sharedTree;

    event AddedChain(uint256 indexed chainId, uint256 indexed chainIndex);
    event AppendedChainBatchRoot(uint256 indexed chainId, uint256 indexed batchNumber, bytes32 chainBatchRoot);
    event NewChainRoot(uint256 indexed chainId, bytes32 chainRoot, bytes32 chainIdLeafHash);
    /// @notice The shared root changed. The last of these in a block is that block's root.
    event NewInteropRoot(uint256 indexed chainId, uint256 indexed blockNumber, uint256 indexed logId, bytes32[] sides);

    /// @param bridgehub The Bridgehub.
    constructor(IBridgehub bridgehub) {
        BRIDGE_HUB = bridgehub;
        _sharedTree.setup(EMPTY_LEAF);
    }

    /// @inheritdoc IMessageRoot
    function addNewChain(uint256 chainId) external {
        if (msg.sender != address(BRIDGE_HUB)) revert Unauthorized(msg.sender);
        if (_isKnown[chainId]) revert ChainIdAlreadyExists(chainId);
        _isKnown[chainId] = true;
        bytes32 chainRoot = _chainTree[chainId].setup(EMPTY_LEAF);
        uint256 index = _sharedTree.push(_chainIdLeaf(chainRoot, chainId));
        chainIndex[chainId] = index;
        chainIndexToId[index] = chainId;
        chainCount = index + 1;
        emit AddedChain(chainId, index);
    }

    /// @inheritdoc IMessageRoot
    function addChainBatchRoot(uint256 chainId, uint256 batchNumber, bytes32 chainBatchRoot) external {
        if (!_isKnown[chainId]) revert ChainIdNotRegistered(chainId);
        address chain = BRIDGE_HUB.getZKChain(chainId);
        if (msg.sender != chain) revert OnlyChain(msg.sender, chain);
        uint256 expected = currentChainBatchNumber[chainId] + 1;
        if (batchNumber != expected) revert BatchNumberMismatch(expected, batchNumber);
        currentChainBatchNumber[chainId] = batchNumber;
        chainBatchRoots[chainId][batchNumber] = chainBatchRoot;

        bytes32 batchLeaf = keccak256(abi.encodePacked(BATCH_LEAF_PADDING, chainBatchRoot, batchNumber));
        (, bytes32 chainRoot) = _chainTree[chainId].push(batchLeaf);
        bytes32 chainLeaf = _chainIdLeaf(chainRoot, chainId);
        bytes32[] memory sides = new bytes32[](1);
        sides[0] = _sharedTree.update(chainIndex[chainId], chainLeaf);
        historicalRoot[block.number] = sides[0];

        emit AppendedChainBatchRoot(chainId, batchNumber, chainBatchRoot);
        emit NewChainRoot(chainId, chainRoot, chainLeaf);
        emit NewInteropRoot(block.chainid, block.number, 0, sides);
    }

    /// @notice The shared root now.
    function getAggregatedRoot() external view returns (bytes32) {
        return _sharedTree.root();
    }

    /// @notice Root of a chain's tree of batches; zero before its first.
    function getChainRoot(uint256 chainId) external view returns (bytes32) {
        if (!_isKnown[chainId]) revert ChainIdNotRegistered(chainId);
        return _chainTree[chainId].root();
    }

    function _chainIdLeaf(bytes32 chainRoot, uint256 chainId) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(CHAIN_ID_LEAF_PADDING, chainRoot, chainId));
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/l1/common/Errors.sol";
import {CommitBatchInfo, StoredBatchInfo} from "../../src/l1/chain/BatchTypes.sol";
import {ZKChain} from "../../src/l1/chain/ZKChain.sol";
import {HubTest} from "../utils/HubTest.sol";
import {NaiveTree} from "../utils/NaiveTree.sol";

contract MessageRootTest is HubTest {
    event NewInteropRoot(uint256 indexed chainId, uint256 indexed blockNumber, uint256 indexed logId, bytes32[] sides);
    event AppendedChainBatchRoot(uint256 indexed chainId, uint256 indexed batchNumber, bytes32 chainBatchRoot);

    bytes32 private constant EMPTY = 0x46700b4d40ac5c35af2c22dda2787a91eb567b06c924a8fb8ae9a05b20c08c21;
    bytes32 private constant BATCH_LEAF = 0xd82fec4a37cbdc47f1e5cc4ad64deacf34a48e6f7c61fa5b68fd58e543259cf4;
    bytes32 private constant CHAIN_LEAF = 0x39bc69363bb9e26cf14240de4e22569e95cf175cfbcf1ade1a47a253b4bf7f61;

    mapping(uint256 chainId => bytes32[]) private _batchLeaves;

    function append(uint256 chainId, uint256 number, bytes32 root) private {
        vm.prank(hub.getZKChain(chainId));
        messageRoot.addChainBatchRoot(chainId, number, root);
        _batchLeaves[chainId].push(keccak256(bytes.concat(BATCH_LEAF, root, bytes32(number))));
    }

    /// @dev The shared root computed from nothing but the batches.
    function expectedRoot() private view returns (bytes32) {
        uint256[] memory ids = hub.getAllZKChainChainIDs();
        bytes32[] memory leaves = new bytes32[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            bytes32[] storage batches = _batchLeaves[ids[i]];
            bytes32 chainRoot = batches.length == 0 ? bytes32(0) : NaiveTree.root(batches, EMPTY);
            leaves[i] = keccak256(bytes.concat(CHAIN_LEAF, chainRoot, bytes32(ids[i])));
        }
        return NaiveTree.root(leaves, EMPTY);
    }

    function test_matchesANaiveTree(uint8 chains, uint8[30] calldata order) public {
        chains = uint8(bound(chains, 0, 6));
        for (uint256 i = 0; i < chains; ++i) {
            createChain(300 + i);
            vm.assertEq(messageRoot.getAggregatedRoot(), expectedRoot());
        }
        uint256[] memory ids = hub.getAllZKChainChainIDs();
        for (uint256 i = 0; i < order.length; ++i) {
            uint256 chainId = ids[order[i] % ids.length];
            append(chainId, _batchLeaves[chainId].length + 1, keccak256(abi.encode(chainId, i)));
            vm.assertEq(messageRoot.getAggregatedRoot(), expectedRoot());
            vm.assertEq(messageRoot.historicalRoot(block.number), expectedRoot());
            vm.roll(block.number + 1);
        }
    }

    function test_rootsAreKeptForEachBlock() public {
        append(CHAIN_A, 1, keccak256("one"));
        bytes32 early = messageRoot.getAggregatedRoot();
        append(CHAIN_B, 1, keccak256("two"));
        uint256 firstBlock = block.number;
        bytes32 first = messageRoot.getAggregatedRoot();
        vm.roll(firstBlock + 7);
        append(CHAIN_A, 2, keccak256("three"));
        vm.assertTrue(early != first);
        vm.assertEq(messageRoot.historicalRoot(firstBlock), first);
        vm.assertEq(messageRoot.historicalRoot(firstBlock + 1), bytes32(0));
        vm.assertEq(messageRoot.historicalRoot(firstBlock + 7), messageRoot.getAggregatedRoot());
    }

    function test_executedBatchIsAnnounced() public {
        StoredBatchInfo memory one = commit(chainB, genesisBatch(), firstBatch(chainB));
        prove(chainB, genesisBatch(), one);
        bytes32[] memory sides = new bytes32[](1);
        uint256 state = vm.snapshotState();
        execute(chainB, one);
        sides[0] = messageRoot.getAggregatedRoot();
        vm.revertToState(state);
        vm.expectEmit(true, true, true, true, address(messageRoot));
        emit AppendedChainBatchRoot(CHAIN_B, 1, one.l2LogsTreeRoot);
        vm.expectEmit(true, true, true, true, address(messageRoot));
        emit NewInteropRoot(L1_CHAIN_ID, block.number, 0, sides);
        execute(chainB, one);
        vm.assertEq(messageRoot.chainBatchRoots(CHAIN_B, 1), one.l2LogsTreeRoot);
    }

    function test_chainRootOfOneBatchIsItsLeaf() public {
        vm.assertEq(messageRoot.getChainRoot(CHAIN_A), bytes32(0));
        append(CHAIN_A, 1, keccak256("one"));
        vm.assertEq(messageRoot.getChainRoot(CHAIN_A), _batchLeaves[CHAIN_A][0]);
        vm.expectRevert(abi.encodeWithSelector(ChainIdNotRegistered.selector, 999));
        messageRoot.getChainRoot(999);
    }

    function test_refusesGaps(uint256 number) public {
        append(CHAIN_A, 1, keccak256("one"));
        vm.assume(number != 2);
        vm.expectRevert(abi.encodeWithSelector(BatchNumberMismatch.selector, 2, number));
        vm.prank(address(chainA));
        messageRoot.addChainBatchRoot(CHAIN_A, number, keccak256("two"));
    }

    function test_refusesForeignCallers(address other) public {
        vm.assume(other != address(chainA));
        vm.expectRevert(abi.encodeWithSelector(OnlyChain.selector, other, address(chainA)));
        vm.prank(other);
        messageRoot.addChainBatchRoot(CHAIN_A, 1, keccak256("one"));
        vm.expectRevert(abi.encodeWithSelector(OnlyChain.selector, address(chainB), address(chainA)));
        vm.prank(address(chainB));
        messageRoot.addChainBatchRoot(CHAIN_A, 1, keccak256("one"));
    }

    function test_refusesUnknownChains() public {
        vm.expectRevert(abi.encodeWithSelector(ChainIdNotRegistered.selector, 999));
        messageRoot.addChainBatchRoot(999, 1, keccak256("one"));
    }

    function test_onlyBridgehubAddsChains(address other) public {
        vm.assume(other != address(hub));
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, other));
        vm.prank(other);
        messageRoot.addNewChain(999);
        vm.expectRevert(abi.encodeWithSelector(ChainIdAlreadyExists.selector, CHAIN_A));
        vm.prank(address(hub));
        messageRoot.addNewChain(CHAIN_A);
    }
}

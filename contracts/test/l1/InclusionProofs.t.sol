// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {L2Log, L2Message, TxStatus} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {CommitBatchInfo} from "../../src/l1/chain/BatchTypes.sol";
import "../../src/l1/common/Errors.sol";
import {HubTest} from "../utils/HubTest.sol";
import {NaiveTree} from "../utils/NaiveTree.sol";

contract InclusionProofsTest is HubTest {
    bytes32 private constant METADATA = bytes32(bytes4(0x010f0001));
    bytes32 private constant EMPTY_LEAF = 0x72abee45b59e344af8a6e520241c4744aff26ed411f4c4b00f8af09adada43ba;
    bytes32 private constant AGGREGATED = bytes32(0);

    L2Log[] private _logs;
    L2Message private _message;
    bytes32 private _txHash = keccak256("request");

    function setUp() public override {
        super.setUp();
        _message = L2Message(3, user, "hello");
        _logs.push(L2Log(0, true, 0, address(0x8001), _txHash, bytes32(uint256(1))));
        _logs.push(L2Log(0, true, 3, address(0x8008), bytes32(uint256(uint160(user))), keccak256("hello")));
        _logs.push(L2Log(0, true, 5, address(0x8001), keccak256("failed"), bytes32(0)));
        CommitBatchInfo memory batch = firstBatch(chainA);
        batch.l2LogsTreeRoot = keccak256(bytes.concat(siblings(0)[14], AGGREGATED));
        settle(chainA, genesisBatch(), batch);
    }

    function leaf(L2Log memory log) private pure returns (bytes32) {
        bytes memory packed = bytes.concat(
            bytes1(log.l2ShardId),
            log.isService ? bytes1(0x01) : bytes1(0x00),
            bytes2(log.txNumberInBatch),
            bytes20(log.sender),
            log.key,
            log.value
        );
        require(packed.length == 88, "a log has 88 bytes");
        return keccak256(packed);
    }

    /// @dev Siblings of a leaf in the tree of 16,384, and the tree's root last. The empty part is not built.
    function siblings(uint256 index) private view returns (bytes32[] memory path) {
        path = new bytes32[](15);
        bytes32[] memory level = new bytes32[](4);
        for (uint256 i = 0; i < 4; ++i) {
            level[i] = i < _logs.length ? leaf(_logs[i]) : EMPTY_LEAF;
        }
        bytes32[][] memory tree = NaiveTree.levels(level, EMPTY_LEAF);
        path[0] = tree[0][index ^ 1];
        path[1] = tree[1][(index / 2) ^ 1];
        bytes32 empty = keccak256(bytes.concat(EMPTY_LEAF, EMPTY_LEAF));
        bytes32 node = tree[2][0];
        for (uint256 height = 2; height < 14; ++height) {
            empty = keccak256(bytes.concat(empty, empty));
            path[height] = empty;
            node = keccak256(bytes.concat(node, empty));
        }
        path[14] = node;
    }

    function proofOf(uint256 index) private view returns (bytes32[] memory proof) {
        bytes32[] memory path = siblings(index);
        proof = new bytes32[](16);
        proof[0] = METADATA;
        for (uint256 i = 0; i < 14; ++i) {
            proof[1 + i] = path[i];
        }
        proof[15] = AGGREGATED;
    }

    function test_provesMessagesAndLogs() public view {
        vm.assertTrue(hub.proveL2MessageInclusion(CHAIN_A, 1, 1, _message, proofOf(1)));
        for (uint256 i = 0; i < _logs.length; ++i) {
            vm.assertTrue(hub.proveL2LogInclusion(CHAIN_A, 1, i, _logs[i], proofOf(i)));
        }
    }

    function test_provesOutcomesOfRequests() public view {
        bytes32[] memory proof = proofOf(0);
        vm.assertTrue(hub.proveL1ToL2TransactionStatus(CHAIN_A, _txHash, 1, 0, 0, proof, TxStatus.Success));
        vm.assertFalse(hub.proveL1ToL2TransactionStatus(CHAIN_A, _txHash, 1, 0, 0, proof, TxStatus.Failure));
        vm.assertTrue(
            hub.proveL1ToL2TransactionStatus(CHAIN_A, keccak256("failed"), 1, 2, 5, proofOf(2), TxStatus.Failure)
        );
    }

    function test_provesNothingElse(uint256 index, uint16 txNumber, address sender, bytes calldata data) public view {
        index = bound(index, 0, 16_383);
        vm.assume(index != 1 || txNumber != 3 || sender != user || keccak256(data) != keccak256("hello"));
        vm.assertFalse(hub.proveL2MessageInclusion(CHAIN_A, 1, index, L2Message(txNumber, sender, data), proofOf(1)));
    }

    function test_refusesMutatedProofs(uint256 word, uint256 bit) public view {
        word = bound(word, 1, 15);
        bytes32[] memory proof = proofOf(1);
        proof[word] ^= bytes32(1 << (bit % 256));
        vm.assertFalse(hub.proveL2MessageInclusion(CHAIN_A, 1, 1, _message, proof));
    }

    function test_refusesOtherMetadata(bytes32 metadata) public {
        vm.assume(metadata != METADATA);
        bytes32[] memory proof = proofOf(1);
        proof[0] = metadata;
        vm.expectRevert(abi.encodeWithSelector(UnsupportedProofMetadata.selector, metadata));
        hub.proveL2MessageInclusion(CHAIN_A, 1, 1, _message, proof);
    }

    function test_refusesOtherLengths(uint8 length) public {
        length = length % 32;
        vm.assume(length != 16);
        bytes32[] memory proof = new bytes32[](length);
        if (length > 0) proof[0] = METADATA;
        vm.expectRevert(abi.encodeWithSelector(InvalidProofLength.selector, 16, length));
        hub.proveL2MessageInclusion(CHAIN_A, 1, 1, _message, proof);
    }

    function test_refusesIndicesBeyondTheTree(uint256 index) public {
        index = bound(index, 16_384, type(uint256).max);
        bytes32[] memory proof = proofOf(1);
        vm.expectRevert(abi.encodeWithSelector(LeafIndexOutOfBounds.selector, index, 16_384));
        hub.proveL2MessageInclusion(CHAIN_A, 1, index, _message, proof);
    }

    function test_refusesEmptyLeaf() public {
        L2Log memory nothing;
        bytes32[] memory proof = proofOf(3);
        vm.expectRevert(abi.encodeWithSelector(HashedLogIsDefault.selector));
        hub.proveL2LogInclusion(CHAIN_A, 1, 3, nothing, proof);
    }

    function test_refusesBatchesThatAreNotExecuted() public {
        bytes32[] memory proof = proofOf(1);
        vm.expectRevert(abi.encodeWithSelector(BatchNotExecuted.selector, 2));
        hub.proveL2MessageInclusion(CHAIN_A, 2, 1, _message, proof);
        vm.expectRevert(abi.encodeWithSelector(BatchNotExecuted.selector, 1));
        hub.proveL2MessageInclusion(CHAIN_B, 1, 1, _message, proof);
        // Genesis is executed and holds nothing.
        vm.assertFalse(hub.proveL2MessageInclusion(CHAIN_A, 0, 1, _message, proof));
    }

    function test_refusesUnknownChains() public {
        bytes32[] memory proof = proofOf(1);
        bytes memory refusal = abi.encodeWithSelector(ChainIdNotRegistered.selector, 999);
        vm.expectRevert(refusal);
        hub.proveL2MessageInclusion(999, 1, 1, _message, proof);
        vm.expectRevert(refusal);
        hub.proveL2LogInclusion(999, 1, 1, _logs[1], proof);
        vm.expectRevert(refusal);
        hub.proveL1ToL2TransactionStatus(999, _txHash, 1, 0, 0, proof, TxStatus.Success);
    }

    function test_frozenChainProvesNothing() public {
        vm.prank(owner);
        manager.freezeChain(CHAIN_A);
        bytes32[] memory proof = proofOf(1);
        vm.expectRevert(abi.encodeWithSelector(ChainFrozen.selector, CHAIN_A));
        hub.proveL2MessageInclusion(CHAIN_A, 1, 1, _message, proof);
    }
}

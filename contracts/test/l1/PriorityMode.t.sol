// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {InteropRoot} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {CommitBatchInfo, StoredBatchInfo} from "../../src/l1/chain/BatchTypes.sol";
import "../../src/l1/common/Errors.sol";
import {HubTest} from "../utils/HubTest.sol";

/// @title The way out of a chain whose operator does not serve requests from L1
contract PriorityModeTest is HubTest {
    event PriorityModeActivated(uint256 indexed priorityOpId, uint256 deadline);
    event BlocksRevert(uint256 totalBatchesCommitted, uint256 totalBatchesVerified, uint256 totalBatchesExecuted);

    function activate() private {
        vm.warp(START + EXPIRATION + 1);
        vm.prank(makeAddr("anyone"));
        chainA.activatePriorityMode();
    }

    /// @dev A batch of requests only, dated now, and the data to settle it at once.
    function settleAs(address caller, StoredBatchInfo memory previous, CommitBatchInfo memory batch, uint256 first)
        private
        returns (StoredBatchInfo memory info)
    {
        info = stored(batch);
        verifier.learn(PROGRAM, publicInput(previous, info));
        bytes memory ops = executeData(info, opsProof(chainA, first, batch.numberOfLayer1Txs), new InteropRoot[](0));
        uint256 number = batch.batchNumber;
        bytes memory committed = commitData(previous, batch);
        bytes memory proved = proveData(previous, info);
        vm.prank(caller);
        chainA.settleBatchesSharedBridge(address(chainA), number, number, committed, proved, ops);
    }

    function requestsOnly(StoredBatchInfo memory previous, uint256 first, uint256 count)
        private
        view
        returns (CommitBatchInfo memory batch)
    {
        batch = batchAfter(chainA, previous, first, count);
        batch.numberOfLayer2Txs = 0;
    }

    function test_userGetsOutWithoutTheOperator() public {
        StoredBatchInfo memory one = settle(chainA, genesisBatch(), firstBatch(chainA));
        deposit(CHAIN_A, 1 ether);
        deposit(CHAIN_A, 2 ether);
        StoredBatchInfo memory two = commit(chainA, one, batchAfter(chainA, one, 0, 0));
        prove(chainA, one, two);
        vm.warp(block.timestamp + EXPIRATION + 1);
        vm.expectEmit(true, true, true, true, address(chainA));
        emit PriorityModeActivated(0, START + DELAY + EXPIRATION);
        vm.expectEmit(true, true, true, true, address(chainA));
        emit BlocksRevert(1, 1, 1);
        chainA.activatePriorityMode();
        vm.assertTrue(chainA.isPriorityMode());
        settleAs(makeAddr("anyone"), one, requestsOnly(one, 0, 2), 0);
        vm.assertEq(chainA.getTotalBatchesExecuted(), 2);
        vm.assertEq(chainA.getPriorityQueueSize(), 0);
    }

    function test_refusesActivationInTime(uint32 early) public {
        deposit(CHAIN_A, 1 ether);
        early = uint32(bound(early, 0, EXPIRATION));
        vm.warp(START + EXPIRATION - early);
        vm.expectRevert(
            abi.encodeWithSelector(PriorityDeadlineNotReached.selector, START + EXPIRATION, START + EXPIRATION - early)
        );
        chainA.activatePriorityMode();
        activate();
    }

    function test_refusesActivationOfAnEmptyQueue() public {
        vm.warp(START + EXPIRATION + 1);
        vm.expectRevert(abi.encodeWithSelector(PriorityQueueEmpty.selector));
        chainA.activatePriorityMode();
    }

    function test_servedRequestsDoNotCount() public {
        deposit(CHAIN_A, 1 ether);
        settle(chainA, genesisBatch(), batchAfter(chainA, genesisBatch(), 0, 1));
        vm.warp(START + EXPIRATION + 1);
        vm.expectRevert(abi.encodeWithSelector(PriorityQueueEmpty.selector));
        chainA.activatePriorityMode();
        deposit(CHAIN_A, 1 ether);
        uint256 deadline = block.timestamp + EXPIRATION;
        vm.expectRevert(abi.encodeWithSelector(PriorityDeadlineNotReached.selector, deadline, block.timestamp));
        chainA.activatePriorityMode();
    }

    function test_refusesSecondActivation() public {
        deposit(CHAIN_A, 1 ether);
        activate();
        vm.expectRevert(abi.encodeWithSelector(AlreadyInPriorityMode.selector, CHAIN_A));
        chainA.activatePriorityMode();
    }

    function test_operatorsSettleNoMoreInSteps() public {
        deposit(CHAIN_A, 1 ether);
        activate();
        bytes memory refusal = abi.encodeWithSelector(InPriorityMode.selector, CHAIN_A);
        bytes memory data = commitData(genesisBatch(), requestsOnly(genesisBatch(), 0, 1));
        vm.expectRevert(refusal);
        vm.prank(committer);
        timelock.commitBatchesSharedBridge(address(chainA), 1, 1, data);
        vm.expectRevert(refusal);
        vm.prank(prover);
        timelock.proveBatchesSharedBridge(address(chainA), 1, 1, data);
        vm.expectRevert(refusal);
        vm.prank(executor);
        timelock.executeBatchesSharedBridge(address(chainA), 1, 1, data);
    }

    function test_onlyRequestsAreSettled() public {
        deposit(CHAIN_A, 1 ether);
        activate();
        CommitBatchInfo memory batch = requestsOnly(genesisBatch(), 0, 1);
        batch.numberOfLayer2Txs = 1;
        vm.expectRevert(abi.encodeWithSelector(OnlyPriorityOperations.selector, 1, 1));
        chainA.settleBatchesSharedBridge(address(chainA), 1, 1, commitData(genesisBatch(), batch), "", "");
        batch = requestsOnly(genesisBatch(), 0, 0);
        vm.expectRevert(abi.encodeWithSelector(OnlyPriorityOperations.selector, 0, 0));
        chainA.settleBatchesSharedBridge(address(chainA), 1, 1, commitData(genesisBatch(), batch), "", "");
    }

    function test_aProofIsNeededStill() public {
        deposit(CHAIN_A, 1 ether);
        activate();
        CommitBatchInfo memory batch = requestsOnly(genesisBatch(), 0, 1);
        StoredBatchInfo memory info = stored(batch);
        bytes memory committed = commitData(genesisBatch(), batch);
        bytes memory proved = proveData(genesisBatch(), info);
        bytes memory executed = executeData(info, opsProof(chainA, 0, 1), new InteropRoot[](0));
        vm.expectRevert(abi.encodeWithSelector(UnprovenBatch.selector, 1, PROGRAM, publicInput(genesisBatch(), info)));
        chainA.settleBatchesSharedBridge(address(chainA), 1, 1, committed, proved, executed);
        // Nothing of it stays: a batch that cannot be proven does not stand in the way.
        vm.assertEq(chainA.getTotalBatchesCommitted(), 0);
        settleAs(user, genesisBatch(), batch, 0);
    }

    function test_refusesSettlingAtOnceInNormalTimes() public {
        vm.expectRevert(abi.encodeWithSelector(NotInPriorityMode.selector, CHAIN_A));
        chainA.settleBatchesSharedBridge(address(chainA), 1, 1, "", "", "");
    }

    function test_frozenChainIsNotForced() public {
        deposit(CHAIN_A, 1 ether);
        vm.prank(owner);
        manager.freezeChain(CHAIN_A);
        vm.warp(START + EXPIRATION + 1);
        vm.expectRevert(abi.encodeWithSelector(ChainFrozen.selector, CHAIN_A));
        chainA.activatePriorityMode();
    }

    function test_ownerGivesTheChainBack() public {
        deposit(CHAIN_A, 1 ether);
        vm.expectRevert(abi.encodeWithSelector(NotInPriorityMode.selector, CHAIN_A));
        vm.prank(owner);
        manager.deactivatePriorityMode(CHAIN_A);
        activate();
        vm.prank(owner);
        manager.deactivatePriorityMode(CHAIN_A);
        vm.assertFalse(chainA.isPriorityMode());
        settle(chainA, genesisBatch(), batchAfter(chainA, genesisBatch(), 0, 1));
    }
}

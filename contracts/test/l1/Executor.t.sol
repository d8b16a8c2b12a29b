// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {InteropRoot} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {
    PriorityOpsBatchInfo
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/libraries/PriorityTree.sol";
import {
    NotHistoricalRoot
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/L1StateTransitionErrors.sol";
import {CommitBatchInfo, InteropFlow, StoredBatchInfo} from "../../src/l1/chain/BatchTypes.sol";
import "../../src/l1/common/Errors.sol";
import {HubTest} from "../utils/HubTest.sol";

contract ExecutorTest is HubTest {
    event BlockCommit(uint256 indexed batchNumber, bytes32 indexed batchHash, bytes32 indexed commitment);
    event BlocksVerification(uint256 indexed previousLastVerifiedBatch, uint256 indexed currentLastVerifiedBatch);
    event BlockExecution(uint256 indexed batchNumber, bytes32 indexed batchHash, bytes32 indexed commitment);
    event BlocksRevert(uint256 totalBatchesCommitted, uint256 totalBatchesVerified, uint256 totalBatchesExecuted);
    event ReportCommittedBatchRange(uint64 indexed batchNumber, uint64 firstBlockNumber, uint64 lastBlockNumber);

    function refuseCommit(StoredBatchInfo memory previous, CommitBatchInfo memory batch, bytes memory reason) private {
        refuseCommitData(1, 1, commitData(previous, batch), reason);
    }

    function refuseCommitData(uint256 from, uint256 to, bytes memory data, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(committer);
        timelock.commitBatchesSharedBridge(address(chainA), from, to, data);
        vm.assertEq(chainA.getTotalBatchesCommitted(), 0);
    }

    function refuseProve(uint256 number, bytes memory data, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(prover);
        timelock.proveBatchesSharedBridge(address(chainA), number, number, data);
    }

    function refuseExecute(uint256 number, bytes memory data, bytes memory reason) private {
        vm.warp(block.timestamp + DELAY);
        vm.expectRevert(reason);
        vm.prank(executor);
        timelock.executeBatchesSharedBridge(address(chainA), number, number, data);
    }

    // -- the good way ------------------------------------------------------------------------------------------------

    function test_batchIsSettled() public {
        CommitBatchInfo memory batch = firstBatch(chainA);
        StoredBatchInfo memory info = stored(batch);
        vm.expectEmit(true, true, true, true, address(chainA));
        emit BlockCommit(1, info.batchHash, info.commitment);
        vm.expectEmit(true, true, true, true, address(chainA));
        emit ReportCommittedBatchRange(1, 10, 19);
        commit(chainA, genesisBatch(), batch);
        vm.assertEq(chainA.storedBatchHash(1), keccak256(abi.encode(info)));
        vm.assertEq(chainA.getTotalBatchesCommitted(), 1);

        verifier.learn(PROGRAM, publicInput(genesisBatch(), info));
        vm.expectEmit(true, true, true, true, address(chainA));
        emit BlocksVerification(0, 1);
        vm.prank(prover);
        timelock.proveBatchesSharedBridge(address(chainA), 1, 1, proveData(genesisBatch(), info));
        vm.assertEq(chainA.getTotalBatchesVerified(), 1);

        vm.expectEmit(true, true, true, true, address(chainA));
        emit BlockExecution(1, info.batchHash, info.commitment);
        execute(chainA, info);
        vm.assertEq(chainA.getTotalBatchesExecuted(), 1);
        vm.assertEq(chainA.l2LogsRootHash(1), batch.l2LogsTreeRoot);
        vm.assertEq(messageRoot.chainBatchRoots(CHAIN_A, 1), batch.l2LogsTreeRoot);
        vm.assertEq(chainB.getTotalBatchesCommitted(), 0);
    }

    function test_genesisIsStored() public view {
        vm.assertEq(chainA.storedBatchHash(0), keccak256(abi.encode(genesisBatch())));
    }

    function test_severalBatchesInOneCall(uint8 count) public {
        count = uint8(bound(count, 1, 8));
        CommitBatchInfo[] memory batches = new CommitBatchInfo[](count);
        StoredBatchInfo[] memory infos = new StoredBatchInfo[](count);
        StoredBatchInfo memory previous = genesisBatch();
        for (uint256 i = 0; i < count; ++i) {
            batches[i] = batchAfter(chainA, previous, 0, 0);
            infos[i] = stored(batches[i]);
            verifier.learn(PROGRAM, publicInput(previous, infos[i]));
            previous = infos[i];
        }
        vm.prank(committer);
        timelock.commitBatchesSharedBridge(address(chainA), 1, count, commitData(genesisBatch(), batches));
        vm.prank(prover);
        timelock.proveBatchesSharedBridge(
            address(chainA), 1, count, bytes.concat(hex"01", abi.encode(genesisBatch(), infos, new uint256[](0)))
        );
        vm.warp(block.timestamp + DELAY);
        vm.prank(executor);
        timelock.executeBatchesSharedBridge(
            address(chainA),
            1,
            count,
            bytes.concat(hex"01", abi.encode(infos, new PriorityOpsBatchInfo[](count), new InteropRoot[][](count)))
        );
        vm.assertEq(chainA.getTotalBatchesExecuted(), count);
        vm.assertEq(messageRoot.currentChainBatchNumber(CHAIN_A), count);
    }

    // -- commit: who, and in what shape ------------------------------------------------------------------------------

    function test_onlyValidatorsSettle() public {
        bytes memory data = commitData(genesisBatch(), firstBatch(chainA));
        bytes memory refusal = abi.encodeWithSelector(Unauthorized.selector, committer);
        vm.startPrank(committer, committer);
        vm.expectRevert(refusal);
        chainA.commitBatchesSharedBridge(address(chainA), 1, 1, data);
        vm.expectRevert(refusal);
        chainA.proveBatchesSharedBridge(address(chainA), 1, 1, data);
        vm.expectRevert(refusal);
        chainA.executeBatchesSharedBridge(address(chainA), 1, 1, data);
        vm.expectRevert(refusal);
        chainA.revertBatchesSharedBridge(address(chainA), 0);
        vm.stopPrank();
    }

    function test_refusesCallForAnotherChain() public {
        bytes memory data = commitData(genesisBatch(), firstBatch(chainA));
        vm.startPrank(address(timelock), user);
        bytes memory refusal = abi.encodeWithSelector(AddressMismatch.selector, address(chainA), address(chainB));
        vm.expectRevert(refusal);
        chainA.commitBatchesSharedBridge(address(chainB), 1, 1, data);
        vm.expectRevert(refusal);
        chainA.proveBatchesSharedBridge(address(chainB), 1, 1, data);
        vm.expectRevert(refusal);
        chainA.executeBatchesSharedBridge(address(chainB), 1, 1, data);
        vm.expectRevert(refusal);
        chainA.revertBatchesSharedBridge(address(chainB), 0);
        vm.stopPrank();
    }

    function test_refusesUnknownEncoding(uint8 version) public {
        vm.assume(version != 1);
        bytes memory data = commitData(genesisBatch(), firstBatch(chainA));
        data[0] = bytes1(version);
        bytes memory refusal = abi.encodeWithSelector(UnsupportedBatchEncoding.selector, version);
        refuseCommitData(1, 1, data, refusal);
        refuseProve(1, data, refusal);
        refuseExecute(0, data, refusal);
        refuseCommitData(1, 1, "", abi.encodeWithSelector(UnsupportedBatchEncoding.selector, 0));
    }

    function test_refusesTruncatedData(uint16 length) public {
        bytes memory data = commitData(genesisBatch(), firstBatch(chainA));
        // The last 32 bytes are the length of the empty list of flows.
        length = uint16(bound(length, 1, data.length - 1));
        bytes memory truncated = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            truncated[i] = data[i];
        }
        vm.expectRevert();
        vm.prank(committer);
        timelock.commitBatchesSharedBridge(address(chainA), 1, 1, truncated);
    }

    function test_refusesWrongBounds(uint64 from, uint64 to) public {
        vm.assume(from != 1 || to != 1);
        bytes memory data = commitData(genesisBatch(), firstBatch(chainA));
        vm.expectRevert(abi.encodeWithSelector(IncorrectBatchBounds.selector, 1, 1, from, to));
        vm.prank(address(timelock));
        chainA.commitBatchesSharedBridge(address(chainA), from, to, data);
    }

    function test_refusesNoBatches() public {
        bytes memory data = commitData(genesisBatch(), new CommitBatchInfo[](0));
        refuseCommitData(1, 0, data, abi.encodeWithSelector(IncorrectBatchBounds.selector, 1, 0, 1, 0));
    }

    // -- commit: order -----------------------------------------------------------------------------------------------

    function test_refusesWrongPrevious() public {
        StoredBatchInfo memory wrong = genesisBatch();
        wrong.batchHash = keccak256("another genesis");
        refuseCommit(
            wrong,
            firstBatch(chainA),
            abi.encodeWithSelector(BatchHashMismatch.selector, chainA.storedBatchHash(0), keccak256(abi.encode(wrong)))
        );
        wrong = genesisBatch();
        wrong.timestamp -= 1;
        refuseCommit(
            wrong,
            firstBatch(chainA),
            abi.encodeWithSelector(BatchHashMismatch.selector, chainA.storedBatchHash(0), keccak256(abi.encode(wrong)))
        );
        wrong = genesisBatch();
        wrong.batchNumber = 7;
        refuseCommit(wrong, firstBatch(chainA), abi.encodeWithSelector(BatchNumberMismatch.selector, 0, 7));
    }

    function test_refusesGaps(uint64 number) public {
        vm.assume(number != 1);
        CommitBatchInfo memory batch = firstBatch(chainA);
        batch.batchNumber = number;
        refuseCommit(genesisBatch(), batch, abi.encodeWithSelector(BatchNumberMismatch.selector, 1, number));
    }

    function test_refusesSecondCommitOfTheSame() public {
        CommitBatchInfo memory batch = firstBatch(chainA);
        commit(chainA, genesisBatch(), batch);
        vm.expectRevert(abi.encodeWithSelector(IncorrectBatchBounds.selector, 2, 2, 1, 1));
        vm.prank(committer);
        timelock.commitBatchesSharedBridge(address(chainA), 1, 1, commitData(genesisBatch(), batch));
    }

    // -- commit: claims ----------------------------------------------------------------------------------------------

    function test_refusesAnotherChainsBatch(uint256 chainId) public {
        vm.assume(chainId != CHAIN_A);
        CommitBatchInfo memory batch = firstBatch(chainA);
        batch.chainId = chainId;
        refuseCommit(genesisBatch(), batch, abi.encodeWithSelector(ChainIdMismatch.selector, CHAIN_A, chainId));
    }

    function test_refusesAnotherSettlementLayer(uint256 layer) public {
        vm.assume(layer != L1_CHAIN_ID);
        CommitBatchInfo memory batch = firstBatch(chainA);
        batch.slChainId = layer;
        refuseCommit(
            genesisBatch(), batch, abi.encodeWithSelector(SettlementLayerMismatch.selector, L1_CHAIN_ID, layer)
        );
    }

    function test_refusesAnotherDAScheme(uint256 scheme) public {
        vm.assume(scheme != 2);
        CommitBatchInfo memory batch = firstBatch(chainA);
        batch.daCommitmentScheme = scheme;
        refuseCommit(genesisBatch(), batch, abi.encodeWithSelector(DASchemeMismatch.selector, 2, scheme));
    }

    function test_refusesOtherPubdata(bytes calldata pubdata) public {
        vm.assume(keccak256(pubdata) != keccak256(PUBDATA));
        CommitBatchInfo memory batch = firstBatch(chainA);
        batch.operatorDAInput = pubdata;
        refuseCommit(
            genesisBatch(),
            batch,
            abi.encodeWithSelector(InvalidPubdataHash.selector, batch.daCommitment, keccak256(pubdata))
        );
    }

    function test_validiumPublishesNothing() public {
        vm.prank(admin);
        chainA.setDACommitmentScheme(1);
        CommitBatchInfo memory batch = firstBatch(chainA);
        batch.daCommitmentScheme = 1;
        refuseCommit(genesisBatch(), batch, abi.encodeWithSelector(PubdataNotEmpty.selector, PUBDATA.length));
        batch.operatorDAInput = "";
        settle(chainA, genesisBatch(), batch);
    }

    function test_refusesEmptyBlockRange() public {
        CommitBatchInfo memory batch = firstBatch(chainA);
        batch.lastBlockNumber = batch.firstBlockNumber - 1;
        refuseCommit(
            genesisBatch(),
            batch,
            abi.encodeWithSelector(BlockRangeEmpty.selector, batch.firstBlockNumber, batch.lastBlockNumber)
        );
    }

    // -- commit: time ------------------------------------------------------------------------------------------------

    function withTimes(uint256 first, uint256 last) private view returns (CommitBatchInfo memory batch) {
        batch = firstBatch(chainA);
        batch.firstBlockTimestamp = uint64(first);
        batch.lastBlockTimestamp = uint64(last);
    }

    function test_refusesTimeBeforeThePrevious(uint64 first) public {
        first = uint64(bound(first, 0, START - 1));
        refuseCommit(
            genesisBatch(),
            withTimes(first, START),
            abi.encodeWithSelector(NonIncreasingTimestamp.selector, START, first)
        );
    }

    function test_refusesTimeRunningBackwards() public {
        refuseCommit(
            genesisBatch(),
            withTimes(START + 10, START + 9),
            abi.encodeWithSelector(NonIncreasingTimestamp.selector, START + 10, START + 9)
        );
    }

    function test_refusesOldBatches() public {
        vm.warp(START + 30 days);
        uint256 beforeOld = vm.snapshotState();
        commit(chainA, genesisBatch(), withTimes(START, START));
        vm.revertToState(beforeOld);
        vm.warp(START + 30 days + 1);
        refuseCommit(
            genesisBatch(), withTimes(START, START), abi.encodeWithSelector(BatchTooOld.selector, START, START + 1)
        );
    }

    function test_mainnetIsStricter() public {
        vm.warp(START + 3 days + 1);
        CommitBatchInfo memory batch = withTimes(START, START);
        batch.slChainId = 1;
        vm.chainId(1);
        vm.expectRevert(abi.encodeWithSelector(BatchTooOld.selector, START, START + 1));
        vm.prank(committer);
        timelock.commitBatchesSharedBridge(address(chainA), 1, 1, commitData(genesisBatch(), batch));
    }

    function test_refusesBatchesFromTheFuture() public {
        refuseCommit(
            genesisBatch(),
            withTimes(START, START + 1 hours + 1),
            abi.encodeWithSelector(BatchTooNew.selector, START + 1 hours + 1, START + 1 hours)
        );
        commit(chainA, genesisBatch(), withTimes(START, START + 1 hours));
    }

    function test_nextBatchStartsNoEarlierThanThePreviousEnds() public {
        StoredBatchInfo memory one = commit(chainA, genesisBatch(), withTimes(START, START + 50));
        CommitBatchInfo memory two = batchAfter(chainA, one, 0, 0);
        two.firstBlockTimestamp = uint64(START + 49);
        two.lastBlockTimestamp = uint64(START + 60);
        vm.expectRevert(abi.encodeWithSelector(NonIncreasingTimestamp.selector, START + 50, START + 49));
        vm.prank(committer);
        timelock.commitBatchesSharedBridge(address(chainA), 2, 2, commitData(one, two));
    }

    function test_timeHoldsBetweenBatchesOfOneCall() public {
        CommitBatchInfo[] memory batches = new CommitBatchInfo[](2);
        batches[0] = withTimes(START, START + 50);
        batches[1] = batchAfter(chainA, stored(batches[0]), 0, 0);
        batches[1].firstBlockTimestamp = uint64(START + 49);
        batches[1].lastBlockTimestamp = uint64(START + 60);
        refuseCommitData(
            1,
            2,
            commitData(genesisBatch(), batches),
            abi.encodeWithSelector(NonIncreasingTimestamp.selector, START + 50, START + 49)
        );
    }

    function test_numbersHoldBetweenBatchesOfOneCall() public {
        CommitBatchInfo[] memory batches = new CommitBatchInfo[](2);
        batches[0] = firstBatch(chainA);
        batches[1] = firstBatch(chainA);
        refuseCommitData(
            1, 2, commitData(genesisBatch(), batches), abi.encodeWithSelector(BatchNumberMismatch.selector, 2, 1)
        );
    }

    // -- commit: the chain's condition -------------------------------------------------------------------------------

    function test_refusesEndedProtocolVersion() public {
        vm.prank(owner);
        manager.setProtocolVersionDeadline(VERSION, START + 10);
        vm.warp(START + 10);
        StoredBatchInfo memory one = commit(chainA, genesisBatch(), firstBatch(chainA));
        vm.warp(START + 11);
        bytes memory data = commitData(one, batchAfter(chainA, one, 0, 0));
        vm.expectRevert(abi.encodeWithSelector(InvalidProtocolVersion.selector, VERSION));
        vm.prank(committer);
        timelock.commitBatchesSharedBridge(address(chainA), 2, 2, data);
    }

    function test_frozenChainSettlesNothing() public {
        StoredBatchInfo memory one = commit(chainA, genesisBatch(), firstBatch(chainA));
        verifier.learn(PROGRAM, publicInput(genesisBatch(), one));
        vm.prank(owner);
        manager.freezeChain(CHAIN_A);
        bytes memory refusal = abi.encodeWithSelector(ChainFrozen.selector, CHAIN_A);
        bytes memory data = commitData(one, batchAfter(chainA, one, 0, 0));
        vm.expectRevert(refusal);
        vm.prank(committer);
        timelock.commitBatchesSharedBridge(address(chainA), 2, 2, data);
        refuseProve(1, proveData(genesisBatch(), one), refusal);
        refuseExecute(1, executeData(one), refusal);
        vm.prank(owner);
        manager.unfreezeChain(CHAIN_A);
        prove(chainA, genesisBatch(), one);
        execute(chainA, one);
    }

    // -- prove -------------------------------------------------------------------------------------------------------

    function test_refusesUnprovenBatch() public {
        StoredBatchInfo memory one = commit(chainA, genesisBatch(), firstBatch(chainA));
        bytes32 input = publicInput(genesisBatch(), one);
        refuseProve(
            1, proveData(genesisBatch(), one), abi.encodeWithSelector(UnprovenBatch.selector, 1, PROGRAM, input)
        );
        // A fact of another program, or of the same batch after another state, does not help.
        verifier.learn(keccak256("another program"), input);
        verifier.learn(PROGRAM, keccak256(bytes.concat(bytes32(0), one.batchHash, one.commitment)));
        refuseProve(
            1, proveData(genesisBatch(), one), abi.encodeWithSelector(UnprovenBatch.selector, 1, PROGRAM, input)
        );
        vm.assertEq(chainA.getTotalBatchesVerified(), 0);
    }

    function test_refusesProofInTheCall() public {
        StoredBatchInfo memory one = commit(chainA, genesisBatch(), firstBatch(chainA));
        StoredBatchInfo[] memory batches = new StoredBatchInfo[](1);
        batches[0] = one;
        bytes memory data = bytes.concat(hex"01", abi.encode(genesisBatch(), batches, new uint256[](3)));
        refuseProve(1, data, abi.encodeWithSelector(UnexpectedProof.selector, 3));
    }

    function test_refusesProofOfUncommitted() public {
        StoredBatchInfo memory one = stored(firstBatch(chainA));
        refuseProve(
            1,
            proveData(genesisBatch(), one),
            abi.encodeWithSelector(VerifiedBatchesExceedsCommittedBatches.selector, 0, 1)
        );
    }

    function test_refusesProofOutOfOrder() public {
        StoredBatchInfo memory one = commit(chainA, genesisBatch(), firstBatch(chainA));
        StoredBatchInfo memory two = commit(chainA, one, batchAfter(chainA, one, 0, 0));
        verifier.learn(PROGRAM, publicInput(one, two));
        refuseProve(2, proveData(one, two), abi.encodeWithSelector(IncorrectBatchBounds.selector, 1, 1, 2, 2));
        refuseProve(1, proveData(one, two), abi.encodeWithSelector(BatchNumberMismatch.selector, 0, 1));
        refuseProve(1, proveData(genesisBatch(), two), abi.encodeWithSelector(BatchNumberMismatch.selector, 1, 2));
    }

    function test_refusesProofOfAChangedBatch(uint8 field) public {
        StoredBatchInfo memory one = commit(chainA, genesisBatch(), firstBatch(chainA));
        one = changed(one, field);
        refuseProve(
            1,
            proveData(genesisBatch(), one),
            abi.encodeWithSelector(BatchHashMismatch.selector, chainA.storedBatchHash(1), keccak256(abi.encode(one)))
        );
    }

    function changed(StoredBatchInfo memory batch, uint8 field) private pure returns (StoredBatchInfo memory) {
        field = field % 8;
        if (field == 0) batch.batchHash = keccak256("other");
        if (field == 1) batch.indexRepeatedStorageChanges = 1;
        if (field == 2) batch.numberOfLayer1Txs += 1;
        if (field == 3) batch.priorityOperationsHash = keccak256("other");
        if (field == 4) batch.dependencyRootsRollingHash = keccak256("other");
        if (field == 5) batch.l2LogsTreeRoot = keccak256("other");
        if (field == 6) batch.timestamp += 1;
        if (field == 7) batch.commitment = keccak256("other");
        return batch;
    }

    // -- execute -----------------------------------------------------------------------------------------------------

    function proven(CommitBatchInfo memory batch) private returns (StoredBatchInfo memory info) {
        info = commit(chainA, genesisBatch(), batch);
        prove(chainA, genesisBatch(), info);
    }

    function test_refusesUnprovenExecute() public {
        StoredBatchInfo memory one = commit(chainA, genesisBatch(), firstBatch(chainA));
        refuseExecute(1, executeData(one), abi.encodeWithSelector(CantExecuteUnprovenBatches.selector, 0, 1));
    }

    function test_refusesEarlyExecute() public {
        StoredBatchInfo memory one = proven(firstBatch(chainA));
        vm.warp(START + DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(TimeNotReached.selector, START + DELAY, START + DELAY - 1));
        vm.prank(executor);
        timelock.executeBatchesSharedBridge(address(chainA), 1, 1, executeData(one));
        vm.warp(START + DELAY);
        vm.prank(executor);
        timelock.executeBatchesSharedBridge(address(chainA), 1, 1, executeData(one));
    }

    function test_refusesSecondExecute() public {
        StoredBatchInfo memory one = settle(chainA, genesisBatch(), firstBatch(chainA));
        refuseExecute(1, executeData(one), abi.encodeWithSelector(IncorrectBatchBounds.selector, 2, 2, 1, 1));
    }

    function test_refusesExecuteOfAChangedBatch(uint8 field) public {
        StoredBatchInfo memory one = changed(proven(firstBatch(chainA)), field);
        refuseExecute(
            1,
            executeData(one),
            abi.encodeWithSelector(BatchHashMismatch.selector, chainA.storedBatchHash(1), keccak256(abi.encode(one)))
        );
    }

    function test_refusesListsOfOtherLengths() public {
        StoredBatchInfo[] memory batches = new StoredBatchInfo[](1);
        batches[0] = proven(firstBatch(chainA));
        bytes memory refusal = abi.encodeWithSelector(InvalidBatchesDataLength.selector, 1, 2);
        bytes memory data =
            bytes.concat(hex"01", abi.encode(batches, new PriorityOpsBatchInfo[](2), new InteropRoot[][](1)));
        refuseExecute(1, data, refusal);
        data = bytes.concat(hex"01", abi.encode(batches, new PriorityOpsBatchInfo[](1), new InteropRoot[][](2)));
        refuseExecute(1, data, refusal);
    }

    // -- priority operations -----------------------------------------------------------------------------------------

    function test_operationsLeaveTheQueueInOrder(uint8 total, uint8 split) public {
        total = uint8(bound(total, 1, 24));
        split = uint8(bound(split, 0, total));
        for (uint256 i = 0; i < total; ++i) {
            deposit(CHAIN_A, i);
        }
        StoredBatchInfo memory one = settle(chainA, genesisBatch(), batchAfter(chainA, genesisBatch(), 0, split));
        vm.assertEq(chainA.getFirstUnprocessedPriorityTx(), split);
        settle(chainA, one, batchAfter(chainA, one, split, total - split));
        vm.assertEq(chainA.getPriorityQueueSize(), 0);
    }

    function test_proofUnderAnOlderRoot() public {
        deposit(CHAIN_A, 1);
        deposit(CHAIN_A, 2);
        PriorityOpsBatchInfo memory ops = opsProof(chainA, 0, 2);
        StoredBatchInfo memory one = proven(batchAfter(chainA, genesisBatch(), 0, 2));
        deposit(CHAIN_A, 3);
        execute(chainA, one, ops);
        vm.assertEq(chainA.getPriorityQueueSize(), 1);
    }

    function test_refusesOtherNumberOfOperations() public {
        deposit(CHAIN_A, 1);
        deposit(CHAIN_A, 2);
        StoredBatchInfo memory one = proven(batchAfter(chainA, genesisBatch(), 0, 2));
        refuseExecute(
            1,
            executeData(one, opsProof(chainA, 0, 1), new InteropRoot[](0)),
            abi.encodeWithSelector(MismatchNumberOfLayer1Txs.selector, 2, 1)
        );
    }

    function test_refusesOtherOperations() public {
        deposit(CHAIN_A, 1);
        deposit(CHAIN_A, 2);
        StoredBatchInfo memory one = proven(batchAfter(chainA, genesisBatch(), 0, 1));
        bytes32 other = keccak256(bytes.concat(keccak256(""), requests[address(chainA)][1]));
        refuseExecute(
            1,
            executeData(one, opsProof(chainA, 1, 1), new InteropRoot[](0)),
            abi.encodeWithSelector(PriorityOperationsRollingHashMismatch.selector, one.priorityOperationsHash, other)
        );
    }

    function test_refusesSkippedOperation() public {
        deposit(CHAIN_A, 1);
        deposit(CHAIN_A, 2);
        // The batch really holds operation 1 and leaves out 0: the tree says where it stands.
        StoredBatchInfo memory one = proven(batchAfter(chainA, genesisBatch(), 1, 1));
        bytes32 wrongRoot = keccak256(abi.encode(requests[address(chainA)][1], bytes32(0)));
        refuseExecute(
            1,
            executeData(one, opsProof(chainA, 1, 1), new InteropRoot[](0)),
            abi.encodeWithSelector(NotHistoricalRoot.selector, wrongRoot)
        );
    }

    function test_refusesInventedOperation() public {
        deposit(CHAIN_A, 1);
        requests[address(chainA)][0] = keccak256("invented");
        StoredBatchInfo memory one = proven(batchAfter(chainA, genesisBatch(), 0, 1));
        refuseExecute(
            1,
            executeData(one, opsProof(chainA, 0, 1), new InteropRoot[](0)),
            abi.encodeWithSelector(NotHistoricalRoot.selector, keccak256("invented"))
        );
    }

    // -- dependency roots --------------------------------------------------------------------------------------------

    function rootsOf(bytes32 root, uint256 chainId, uint256 number) private pure returns (InteropRoot[] memory list) {
        list = new InteropRoot[](1);
        list[0].chainId = chainId;
        list[0].blockOrBatchNumber = number;
        list[0].sides = new bytes32[](1);
        list[0].sides[0] = root;
    }

    function dependentBatch(InteropRoot[] memory roots) private view returns (CommitBatchInfo memory batch) {
        batch = firstBatch(chainA);
        for (uint256 i = 0; i < roots.length; ++i) {
            batch.dependencyRootsRollingHash = keccak256(
                bytes.concat(
                    batch.dependencyRootsRollingHash,
                    bytes32(roots[i].chainId),
                    bytes32(roots[i].blockOrBatchNumber),
                    roots[i].sides[0]
                )
            );
        }
    }

    function test_dependencyOnATrueRoot() public {
        settle(chainB, genesisBatch(), firstBatch(chainB));
        bytes32 root = messageRoot.historicalRoot(block.number);
        vm.assertEq(root, messageRoot.getAggregatedRoot());
        InteropRoot[] memory roots = rootsOf(root, L1_CHAIN_ID, block.number);
        StoredBatchInfo memory one = proven(dependentBatch(roots));
        vm.roll(block.number + 5);
        vm.warp(block.timestamp + DELAY);
        vm.prank(executor);
        timelock.executeBatchesSharedBridge(address(chainA), 1, 1, executeData(one, noOps(), roots));
        vm.assertEq(chainA.getTotalBatchesExecuted(), 1);
    }

    function test_refusesFalseRoot() public {
        InteropRoot[] memory roots = rootsOf(keccak256("never a root"), L1_CHAIN_ID, block.number);
        StoredBatchInfo memory one = proven(dependentBatch(roots));
        refuseExecute(
            1,
            executeData(one, noOps(), roots),
            abi.encodeWithSelector(InvalidMessageRoot.selector, bytes32(0), keccak256("never a root"))
        );
    }

    function test_refusesZeroRootOfAnEmptyBlock() public {
        InteropRoot[] memory roots = rootsOf(bytes32(0), L1_CHAIN_ID, block.number);
        StoredBatchInfo memory one = proven(dependentBatch(roots));
        refuseExecute(
            1,
            executeData(one, noOps(), roots),
            abi.encodeWithSelector(InvalidMessageRoot.selector, bytes32(0), bytes32(0))
        );
    }

    function test_refusesUndeclaredRoots() public {
        settle(chainB, genesisBatch(), firstBatch(chainB));
        InteropRoot[] memory roots = rootsOf(messageRoot.historicalRoot(block.number), L1_CHAIN_ID, block.number);
        CommitBatchInfo memory batch = dependentBatch(roots);
        StoredBatchInfo memory one = proven(batch);
        refuseExecute(
            1,
            executeData(one),
            abi.encodeWithSelector(
                DependencyRootsRollingHashMismatch.selector, batch.dependencyRootsRollingHash, bytes32(0)
            )
        );
    }

    function test_refusesRootsOfOtherLayers() public {
        InteropRoot[] memory roots = rootsOf(keccak256("root"), CHAIN_B, 1);
        StoredBatchInfo memory one = proven(dependentBatch(roots));
        refuseExecute(
            1, executeData(one, noOps(), roots), abi.encodeWithSelector(InvalidInteropRoot.selector, CHAIN_B, 1)
        );
        roots[0].chainId = L1_CHAIN_ID;
        roots[0].sides = new bytes32[](2);
        refuseExecute(
            1, executeData(one, noOps(), roots), abi.encodeWithSelector(InvalidInteropRoot.selector, L1_CHAIN_ID, 2)
        );
    }

    // -- interop flows -----------------------------------------------------------------------------------------------

    function withFlows(InteropFlow[] memory flows) private view returns (CommitBatchInfo memory batch) {
        batch = firstBatch(chainA);
        batch.interopFlows = flows;
    }

    function flowsOf(uint256 destination, bytes32 assetId, uint256 amount)
        private
        pure
        returns (InteropFlow[] memory flows)
    {
        flows = new InteropFlow[](1);
        flows[0] = InteropFlow(destination, assetId, amount);
    }

    function test_flowsMoveBalances(uint96 amount) public {
        deposit(CHAIN_A, type(uint96).max);
        uint256 held = vault.chainBalance(CHAIN_A, ethAssetId);
        amount = uint96(bound(amount, 1, type(uint96).max));
        settle(chainA, genesisBatch(), withFlows(flowsOf(CHAIN_B, ethAssetId, amount)));
        vm.assertEq(vault.chainBalance(CHAIN_A, ethAssetId), held - amount);
        vm.assertEq(vault.chainBalance(CHAIN_B, ethAssetId), amount);
        vm.assertEq(address(vault).balance, held);
    }

    /// @dev The forged batch: a chain whose operator and proofs claim what it does not have takes nothing.
    function test_forgedBatchTakesNothing() public {
        deposit(CHAIN_A, 1 ether);
        deposit(CHAIN_B, 100 ether);
        uint256 heldA = vault.chainBalance(CHAIN_A, ethAssetId);
        uint256 heldB = vault.chainBalance(CHAIN_B, ethAssetId);
        StoredBatchInfo memory forged = proven(withFlows(flowsOf(CHAIN_B, ethAssetId, heldA + 1)));
        refuseExecute(
            1,
            executeData(forged),
            abi.encodeWithSelector(InsufficientChainBalance.selector, CHAIN_A, ethAssetId, heldA, heldA + 1)
        );
        vm.assertEq(vault.chainBalance(CHAIN_A, ethAssetId), heldA);
        vm.assertEq(vault.chainBalance(CHAIN_B, ethAssetId), heldB);
        vm.assertEq(chainA.getTotalBatchesExecuted(), 0);
    }

    function test_refusesForgedUnknownAsset() public {
        deposit(CHAIN_A, 1 ether);
        StoredBatchInfo memory forged = proven(withFlows(flowsOf(CHAIN_B, keccak256("gold"), 1)));
        refuseExecute(
            1,
            executeData(forged),
            abi.encodeWithSelector(InsufficientChainBalance.selector, CHAIN_A, keccak256("gold"), 0, 1)
        );
    }

    function refuseFlows(InteropFlow[] memory flows, bytes memory reason) private {
        refuseCommit(genesisBatch(), withFlows(flows), reason);
    }

    function test_refusesFlowsThatAreNone() public {
        refuseFlows(flowsOf(CHAIN_B, ethAssetId, 0), abi.encodeWithSelector(InvalidInteropFlow.selector, 0));
        refuseFlows(flowsOf(CHAIN_A, ethAssetId, 1), abi.encodeWithSelector(InvalidInteropFlow.selector, 0));
        refuseFlows(flowsOf(999, ethAssetId, 1), abi.encodeWithSelector(ChainIdNotRegistered.selector, 999));
    }

    function test_flowsAreSortedAndSummed(uint256 assetOne, uint256 assetTwo, bool sameChain) public {
        createChain(273);
        InteropFlow[] memory flows = new InteropFlow[](2);
        flows[0] = InteropFlow(CHAIN_B, bytes32(assetOne), 1);
        flows[1] = InteropFlow(sameChain ? CHAIN_B : 273, bytes32(assetTwo), 1);
        if (sameChain && assetTwo <= assetOne) {
            refuseFlows(flows, abi.encodeWithSelector(InvalidInteropFlow.selector, 1));
        } else {
            commit(chainA, genesisBatch(), withFlows(flows));
            vm.assertEq(chainA.getInteropFlows(1).length, 2);
        }
        (flows[0], flows[1]) = (flows[1], flows[0]);
        if (!sameChain) {
            vm.prank(reverter);
            timelock.revertBatchesSharedBridge(address(chainA), 0);
            refuseFlows(flows, abi.encodeWithSelector(InvalidInteropFlow.selector, 1));
        }
    }

    function test_revertedFlowsAreForgotten() public {
        deposit(CHAIN_A, 1 ether);
        commit(chainA, genesisBatch(), withFlows(flowsOf(CHAIN_B, ethAssetId, 5)));
        vm.prank(reverter);
        timelock.revertBatchesSharedBridge(address(chainA), 0);
        settle(chainA, genesisBatch(), firstBatch(chainA));
        vm.assertEq(vault.chainBalance(CHAIN_B, ethAssetId), 0);
        vm.assertEq(chainA.getInteropFlows(1).length, 0);
    }

    // -- revert ------------------------------------------------------------------------------------------------------

    function threeBatches() private returns (StoredBatchInfo[4] memory batches) {
        batches[0] = genesisBatch();
        for (uint256 i = 1; i < 4; ++i) {
            batches[i] = commit(chainA, batches[i - 1], batchAfter(chainA, batches[i - 1], 0, 0));
        }
        prove(chainA, batches[0], batches[1]);
        prove(chainA, batches[1], batches[2]);
        execute(chainA, batches[1]);
    }

    function test_revertTakesBackWhatIsNotExecuted() public {
        StoredBatchInfo[4] memory batches = threeBatches();
        vm.expectEmit(true, true, true, true, address(chainA));
        emit BlocksRevert(1, 1, 1);
        vm.prank(reverter);
        timelock.revertBatchesSharedBridge(address(chainA), 1);
        vm.assertEq(chainA.getTotalBatchesCommitted(), 1);
        vm.assertEq(chainA.getTotalBatchesVerified(), 1);
        vm.assertEq(chainA.getTotalBatchesExecuted(), 1);
        // Another batch takes the number; the old one's proof is of no use to it.
        CommitBatchInfo memory other = batchAfter(chainA, batches[1], 0, 0);
        other.numberOfLayer2Txs = 9;
        settle(chainA, batches[1], other);
    }

    function test_revertKeepsWhatIsVerifiedBelow() public {
        threeBatches();
        vm.expectEmit(true, true, true, true, address(chainA));
        emit BlocksRevert(2, 2, 1);
        vm.prank(owner);
        manager.revertBatches(CHAIN_A, 2);
    }

    function test_refusesRevertOfExecuted() public {
        threeBatches();
        vm.expectRevert(abi.encodeWithSelector(CantRevertExecutedBatch.selector, 1, 0));
        vm.prank(reverter);
        timelock.revertBatchesSharedBridge(address(chainA), 0);
    }

    function test_refusesRevertOfTheFuture() public {
        threeBatches();
        vm.expectRevert(abi.encodeWithSelector(RevertedBatchNotAfterNewLastBatch.selector, 3, 4));
        vm.prank(reverter);
        timelock.revertBatchesSharedBridge(address(chainA), 4);
    }

    function test_revertedBatchCannotBeProvenOrExecuted() public {
        StoredBatchInfo[4] memory batches = threeBatches();
        vm.prank(reverter);
        timelock.revertBatchesSharedBridge(address(chainA), 1);
        verifier.learn(PROGRAM, publicInput(batches[1], batches[2]));
        refuseProve(
            2,
            proveData(batches[1], batches[2]),
            abi.encodeWithSelector(VerifiedBatchesExceedsCommittedBatches.selector, 1, 2)
        );
        refuseExecute(2, executeData(batches[2]), abi.encodeWithSelector(CantExecuteUnprovenBatches.selector, 1, 2));
    }
}

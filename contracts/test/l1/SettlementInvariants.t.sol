// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CommitBatchInfo, InteropFlow, StoredBatchInfo} from "../../src/l1/chain/BatchTypes.sol";
import {ZKChain} from "../../src/l1/chain/ZKChain.sol";
import {HubTest} from "../utils/HubTest.sol";
import {NaiveTree} from "../utils/NaiveTree.sol";

/// @dev Does what users and operators of two chains may do, in any order, and keeps its own books.
contract Operators is HubTest {
    struct Books {
        // Batches as they were committed last; index 0 is genesis.
        StoredBatchInfo[] batches;
        uint256 verified;
        uint256 executed;
        // Requests in executed batches, and in all committed ones.
        uint256 requestsExecuted;
        uint256 requestsCommitted;
        uint256 balance;
        bytes32[] batchLeaves;
    }

    mapping(uint256 chainId => Books) internal books;
    mapping(bytes32 batchHash => InteropFlow) internal flows;
    uint256 public totalDeposited;
    uint256 public salt;

    constructor() {
        HubTest.setUp();
        books[CHAIN_A].batches.push(genesisBatch());
        books[CHAIN_B].batches.push(genesisBatch());
    }

    function setUp() public override {}

    function pick(uint256 seed) private view returns (uint256 chainId, ZKChain chain, Books storage book) {
        chainId = seed % 2 == 0 ? CHAIN_A : CHAIN_B;
        chain = seed % 2 == 0 ? chainA : chainB;
        book = books[chainId];
    }

    function request(uint256 seed, uint96 value) external {
        (uint256 chainId,, Books storage book) = pick(seed);
        uint256 mintValue = directRequest(chainId, value).mintValue;
        deposit(chainId, value);
        book.balance += mintValue;
        totalDeposited += mintValue;
    }

    function commitBatch(uint256 seed, uint256 ops, uint96 flow) external {
        (uint256 chainId, ZKChain chain, Books storage book) = pick(seed);
        uint256 waiting = requests[address(chain)].length - book.requestsCommitted;
        ops = bound(ops, 0, waiting > 3 ? 3 : waiting);
        StoredBatchInfo memory previous = book.batches[book.batches.length - 1];
        CommitBatchInfo memory batch = batchAfter(chain, previous, book.requestsCommitted, ops);
        batch.numberOfLayer2Txs = ++salt;
        InteropFlow memory sent;
        if (flow != 0 && flow <= book.balance) {
            sent = InteropFlow(chainId == CHAIN_A ? CHAIN_B : CHAIN_A, ethAssetId, flow);
            batch.interopFlows = new InteropFlow[](1);
            batch.interopFlows[0] = sent;
        }
        StoredBatchInfo memory info = commit(chain, previous, batch);
        flows[keccak256(abi.encode(info))] = sent;
        book.batches.push(info);
        book.requestsCommitted += ops;
    }

    function proveBatch(uint256 seed) external {
        (, ZKChain chain, Books storage book) = pick(seed);
        if (book.verified + 1 >= book.batches.length) return;
        prove(chain, book.batches[book.verified], book.batches[book.verified + 1]);
        book.verified += 1;
    }

    function executeBatch(uint256 seed) external {
        (uint256 chainId, ZKChain chain, Books storage book) = pick(seed);
        if (book.executed == book.verified) return;
        StoredBatchInfo memory batch = book.batches[book.executed + 1];
        InteropFlow memory sent = flows[keccak256(abi.encode(batch))];
        if (sent.amount > book.balance) return;
        execute(chain, batch, opsProof(chain, book.requestsExecuted, batch.numberOfLayer1Txs));
        book.executed += 1;
        book.requestsExecuted += batch.numberOfLayer1Txs;
        if (sent.amount != 0) {
            book.balance -= sent.amount;
            books[chainId == CHAIN_A ? CHAIN_B : CHAIN_A].balance += sent.amount;
        }
        bytes32 padding = keccak256("zkSync:BatchLeaf");
        book.batchLeaves
            .push(keccak256(bytes.concat(padding, batch.l2LogsTreeRoot, bytes32(uint256(batch.batchNumber)))));
    }

    function revertBatches(uint256 seed, uint256 to) external {
        (, ZKChain chain, Books storage book) = pick(seed);
        to = bound(to, book.executed, book.batches.length - 1);
        vm.prank(reverter);
        timelock.revertBatchesSharedBridge(address(chain), to);
        while (book.batches.length > to + 1) {
            book.requestsCommitted -= book.batches[book.batches.length - 1].numberOfLayer1Txs;
            book.batches.pop();
        }
        if (book.verified > to) book.verified = to;
    }

    function nextBlock(uint16 time) external {
        vm.roll(block.number + 1);
        vm.warp(block.timestamp + time);
    }

    // -- what must hold ----------------------------------------------------------------------------------------------

    function check(uint256 seed) external view {
        (uint256 chainId, ZKChain chain, Books storage book) = pick(seed);
        uint256 committed = chain.getTotalBatchesCommitted();
        uint256 verified = chain.getTotalBatchesVerified();
        uint256 executed = chain.getTotalBatchesExecuted();
        vm.assertTrue(executed <= verified && verified <= committed, "executed <= verified <= committed");
        vm.assertEq(committed, book.batches.length - 1, "committed");
        vm.assertEq(verified, book.verified, "verified");
        vm.assertEq(executed, book.executed, "executed");
        for (uint256 i = 0; i <= committed; ++i) {
            vm.assertEq(chain.storedBatchHash(i), keccak256(abi.encode(book.batches[i])), "stored batch");
            bytes32 logs = i <= executed ? book.batches[i].l2LogsTreeRoot : bytes32(0);
            vm.assertEq(chain.l2LogsRootHash(i), logs, "logs root of executed batches only");
        }
        vm.assertEq(messageRoot.currentChainBatchNumber(chainId), executed, "message root");
        vm.assertEq(chain.getFirstUnprocessedPriorityTx(), book.requestsExecuted, "requests executed");
        vm.assertEq(chain.getTotalPriorityTxs(), requests[address(chain)].length, "requests made");
        vm.assertEq(vault.chainBalance(chainId, ethAssetId), book.balance, "chain balance");
    }

    function checkVault() external view {
        uint256 sum = vault.chainBalance(CHAIN_A, ethAssetId) + vault.chainBalance(CHAIN_B, ethAssetId);
        vm.assertEq(address(vault).balance, sum, "the vault holds what it owes");
        vm.assertEq(sum, totalDeposited, "nothing is made or lost");
    }

    function checkSharedRoot() external view {
        bytes32 empty = keccak256(new bytes(96));
        bytes32[] memory leaves = new bytes32[](2);
        for (uint256 i = 0; i < 2; ++i) {
            uint256 chainId = i == 0 ? CHAIN_A : CHAIN_B;
            bytes32[] storage batchLeaves = books[chainId].batchLeaves;
            bytes32 root = batchLeaves.length == 0 ? bytes32(0) : NaiveTree.root(batchLeaves, empty);
            leaves[i] = keccak256(bytes.concat(keccak256("zkSync:ChainIdLeaf"), root, bytes32(chainId)));
        }
        vm.assertEq(messageRoot.getAggregatedRoot(), NaiveTree.root(leaves, empty), "shared root");
    }

    function executedBatches() external view returns (uint256) {
        return books[CHAIN_A].executed + books[CHAIN_B].executed;
    }
}

contract SettlementInvariantsTest is HubTest {
    Operators private _operators;

    function setUp() public override {
        _operators = new Operators();
    }

    /// @dev Tells the campaign to call the operators only, and these functions of theirs.
    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[] memory selectors = new bytes4[](6);
        selectors[0] = Operators.request.selector;
        selectors[1] = Operators.commitBatch.selector;
        selectors[2] = Operators.proveBatch.selector;
        selectors[3] = Operators.executeBatch.selector;
        selectors[4] = Operators.revertBatches.selector;
        selectors[5] = Operators.nextBlock.selector;
        targets[0] = FuzzSelector(address(_operators), selectors);
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_operators);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function invariant_chainsAreConsistent() public view {
        _operators.check(0);
        _operators.check(1);
    }

    function invariant_vaultHoldsWhatItOwes() public view {
        _operators.checkVault();
    }

    function invariant_sharedRootFollowsFromBatches() public view {
        _operators.checkSharedRoot();
    }

    /// @dev The campaign would say nothing if its operators never got a batch through.
    function test_operatorsReachTheEnd() public {
        _operators.request(0, 5 ether);
        _operators.commitBatch(0, 1, 1 ether);
        _operators.proveBatch(0);
        _operators.executeBatch(0);
        _operators.commitBatch(0, 0, 0);
        _operators.revertBatches(0, 1);
        vm.assertEq(_operators.executedBatches(), 1);
        invariant_chainsAreConsistent();
        invariant_vaultHoldsWhatItOwes();
        invariant_sharedRootFollowsFromBatches();
    }
}

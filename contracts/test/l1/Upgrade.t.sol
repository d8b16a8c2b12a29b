// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChainTypeManager} from "../../src/l1/ChainTypeManager.sol";
import {Admin} from "../../src/l1/chain/Admin.sol";
import {CommitBatchInfo, StoredBatchInfo} from "../../src/l1/chain/BatchTypes.sol";
import {ZKChain} from "../../src/l1/chain/ZKChain.sol";
import {ZKChainBase} from "../../src/l1/chain/ZKChainBase.sol";
import {IBridgehub} from "../../src/l1/interfaces/IBridgehub.sol";
import {VersionData} from "../../src/l1/interfaces/IChainTypeManager.sol";
import "../../src/l1/common/Errors.sol";
import {FactVerifier} from "../utils/FactVerifier.sol";
import {HubTest} from "../utils/HubTest.sol";
import {Vm} from "../utils/Test.sol";

/// @dev A later version: answers to a new question from old state.
contract ZKChainNext is ZKChain {
    constructor(IBridgehub bridgehub) ZKChain(bridgehub) {}

    function doubleChainId() external view returns (uint256) {
        return 2 * s.chainId;
    }
}

/// @title Versions: what the owner of the chain type manager publishes, and a chain's admin moves to
contract UpgradeTest is HubTest {
    uint256 private constant NEXT = VERSION + (1 << 32);
    bytes32 private constant OTHER_PROGRAM = keccak256("another program");

    FactVerifier private otherVerifier;
    /// @dev Batches that are committed, and the program that each was committed under.
    StoredBatchInfo[] private history;
    bytes32[] private programs;

    function setUp() public override {
        super.setUp();
        otherVerifier = new FactVerifier();
    }

    // -- publishing --------------------------------------------------------------------------------------------------

    function test_versionsAreRecorded() public {
        vm.assertEq(manager.implementation(NEXT), address(0));
        vm.assertEq(manager.protocolVersionVerifier(NEXT), address(0));
        vm.assertEq(manager.protocolVersionProgramId(NEXT), bytes32(0));
        VersionData memory data = withProgram(OTHER_PROGRAM);
        vm.expectEmit(true, true, true, true, address(manager));
        emit ChainTypeManager.NewProtocolVersion(VERSION, NEXT);
        vm.expectEmit(true, true, true, true, address(manager));
        emit ChainTypeManager.NewVersionData(NEXT, data.implementation, data.verifier, data.programId);
        publish(NEXT, data);
        vm.assertEq(manager.protocolVersion(), NEXT);
        vm.assertEq(manager.nextProtocolVersion(VERSION), NEXT);
        vm.assertEq(manager.implementation(NEXT), data.implementation);
        vm.assertEq(manager.protocolVersionVerifier(NEXT), address(verifier));
        vm.assertEq(manager.protocolVersionProgramId(NEXT), OTHER_PROGRAM);
        (uint32 major, uint32 minor, uint32 patch) = manager.getSemverProtocolVersion();
        vm.assertEq(abi.encode(major, minor, patch), abi.encode(0, 30, 0));
        // What was stays readable, and chains are where they were.
        vm.assertEq(manager.protocolVersionProgramId(VERSION), PROGRAM);
        vm.assertEq(manager.getProtocolVersion(CHAIN_A), VERSION);
        vm.assertEq(chainA.getProgramId(), PROGRAM);
    }

    function test_versionsGrow(uint96 version) public {
        VersionData memory data = withProgram(OTHER_PROGRAM);
        if (version <= VERSION) {
            refuseVersion(version, data, abi.encodeWithSelector(ProtocolVersionNotGreater.selector, VERSION, version));
        } else {
            publish(version, data);
            vm.assertEq(manager.protocolVersion(), version);
            refuseVersion(version, data, abi.encodeWithSelector(ProtocolVersionNotGreater.selector, version, version));
        }
    }

    function test_refusesVersionsThatAreNone() public {
        VersionData memory data = withProgram(OTHER_PROGRAM);
        refuseVersion(1 << 96, data, abi.encodeWithSelector(ProtocolVersionNotPacked.selector, 1 << 96));
        data.implementation = user;
        refuseVersion(NEXT, data, abi.encodeWithSelector(AddressHasNoCode.selector, user));
        data = withProgram(OTHER_PROGRAM);
        data.verifier = user;
        refuseVersion(NEXT, data, abi.encodeWithSelector(AddressHasNoCode.selector, user));
        refuseVersion(NEXT, withProgram(0), abi.encodeWithSelector(ProgramIdZero.selector));
    }

    // -- who may -----------------------------------------------------------------------------------------------------

    function test_onlyTheAdminUpgrades(address other) public {
        vm.assume(other != admin && other != address(0));
        publish(NEXT, withProgram(OTHER_PROGRAM));
        refuseUpgrade(other, VERSION, abi.encodeWithSelector(Unauthorized.selector, other));
        // Not even those who publish.
        refuseUpgrade(owner, VERSION, abi.encodeWithSelector(Unauthorized.selector, owner));
        refuseUpgrade(address(manager), VERSION, abi.encodeWithSelector(Unauthorized.selector, address(manager)));
        vm.assertEq(chainA.getProgramId(), PROGRAM);
    }

    function test_refusesWrongUpgrades() public {
        refuseUpgrade(admin, 5, abi.encodeWithSelector(ProtocolVersionMismatch.selector, VERSION, 5));
        refuseUpgrade(admin, VERSION, abi.encodeWithSelector(NoUpgradeAvailable.selector, VERSION));
        publish(NEXT, withProgram(OTHER_PROGRAM));
        refuseUpgrade(admin, NEXT, abi.encodeWithSelector(ProtocolVersionMismatch.selector, VERSION, NEXT));
        upgrade(VERSION);
        refuseUpgrade(admin, VERSION, abi.encodeWithSelector(ProtocolVersionMismatch.selector, NEXT, VERSION));
    }

    // -- what changes ------------------------------------------------------------------------------------------------

    function test_chainsUpgradeOneByOne() public {
        deposit(CHAIN_A, 1 ether);
        bytes32 queue = chainA.getPriorityTreeRoot();
        VersionData memory data = VersionData(address(new ZKChainNext(hub)), address(otherVerifier), OTHER_PROGRAM);
        vm.prank(owner);
        manager.setNewVersion(NEXT, data, block.timestamp + 1 days);
        vm.expectEmit(true, true, true, true, address(chainA));
        emit ZKChainBase.NewProgram(NEXT, address(otherVerifier), OTHER_PROGRAM);
        vm.expectEmit(true, true, true, true, address(chainA));
        emit Admin.ExecuteUpgrade(VERSION, NEXT, data.implementation);
        upgrade(VERSION);
        vm.assertEq(ZKChainNext(address(chainA)).doubleChainId(), 2 * CHAIN_A);
        requireOn(chainA, NEXT, address(otherVerifier), OTHER_PROGRAM);
        vm.assertEq(chainA.getPriorityTreeRoot(), queue);
        (uint32 major, uint32 minor, uint32 patch) = chainA.getSemverProtocolVersion();
        vm.assertEq(abi.encode(major, minor, patch), abi.encode(0, 30, 0));
        // The other chain is where it was.
        requireOn(chainB, VERSION, address(verifier), PROGRAM);
        vm.expectRevert();
        ZKChainNext(address(chainB)).doubleChainId();
        // New chains start with the new version; the old one ends.
        requireOn(createChain(300), NEXT, address(otherVerifier), OTHER_PROGRAM);
        vm.warp(START + 1 days + 1);
        vm.assertFalse(manager.protocolVersionIsActive(VERSION));
        vm.assertTrue(manager.protocolVersionIsActive(NEXT));
        vm.assertFalse(manager.protocolVersionIsActive(NEXT + 1));
        CommitBatchInfo memory batch = firstBatch(chainB);
        vm.expectRevert(abi.encodeWithSelector(InvalidProtocolVersion.selector, VERSION));
        vm.prank(committer);
        timelock.commitBatchesSharedBridge(address(chainB), 1, 1, commitData(genesisBatch(), batch));
    }

    function test_newChainsAnnounceTheirProgram() public {
        vm.recordLogs();
        ZKChain chain = createChain(300);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 found;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != ZKChainBase.NewProgram.selector) continue;
            ++found;
            vm.assertEq(logs[i].emitter, address(chain));
            vm.assertEq(uint256(logs[i].topics[1]), VERSION);
            vm.assertEq(logs[i].data, abi.encode(verifier, PROGRAM));
        }
        vm.assertEq(found, 1);
    }

    function test_noVersionIsSkipped() public {
        publish(NEXT, withProgram(OTHER_PROGRAM));
        publish(NEXT + 1, withProgram(keccak256("a third")));
        upgrade(VERSION);
        vm.assertEq(chainA.getProgramId(), OTHER_PROGRAM);
        upgrade(NEXT);
        requireOn(chainA, NEXT + 1, address(verifier), keccak256("a third"));
    }

    function test_codeAloneMayChangeAtAnyTime() public {
        StoredBatchInfo memory one = commit(chainA, genesisBatch(), firstBatch(chainA));
        publish(VERSION + 1, VersionData(address(new ZKChainNext(hub)), address(verifier), PROGRAM));
        vm.recordLogs();
        upgrade(VERSION);
        requireOn(chainA, VERSION + 1, address(verifier), PROGRAM);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            vm.assertTrue(logs[i].topics[0] != ZKChainBase.NewProgram.selector, "the key did not change");
        }
        prove(chainA, genesisBatch(), one);
        execute(chainA, one);
    }

    // -- batches between two programs --------------------------------------------------------------------------------

    function test_committedBatchesAreProvenFirst() public {
        StoredBatchInfo memory one = commit(chainA, genesisBatch(), firstBatch(chainA));
        publish(NEXT, withProgram(OTHER_PROGRAM));
        refuseUpgrade(admin, VERSION, abi.encodeWithSelector(NotAllBatchesVerified.selector, 0, 1));
        // A fact that nobody has told the chain of does not do, either.
        verifier.learn(PROGRAM, publicInput(genesisBatch(), one));
        refuseUpgrade(admin, VERSION, abi.encodeWithSelector(NotAllBatchesVerified.selector, 0, 1));
        prove(chainA, genesisBatch(), one);
        upgrade(VERSION);
        vm.assertEq(chainA.getTotalBatchesVerified(), 1);
        // What was proven before is executed after.
        execute(chainA, one);
        vm.assertEq(chainA.getTotalBatchesExecuted(), 1);
    }

    function test_anotherVerifierAloneWaitsToo() public {
        commit(chainA, genesisBatch(), firstBatch(chainA));
        publish(NEXT, VersionData(manager.implementation(VERSION), address(otherVerifier), PROGRAM));
        refuseUpgrade(admin, VERSION, abi.encodeWithSelector(NotAllBatchesVerified.selector, 0, 1));
    }

    function test_aNewProofBeforeTheUpgradeIsRefused() public {
        publish(NEXT, withProgram(OTHER_PROGRAM));
        StoredBatchInfo memory one = commit(chainA, genesisBatch(), firstBatch(chainA));
        bytes32 input = publicInput(genesisBatch(), one);
        verifier.learn(OTHER_PROGRAM, input);
        refuseProof(genesisBatch(), one, abi.encodeWithSelector(UnprovenBatch.selector, 1, PROGRAM, input));
        prove(chainA, genesisBatch(), one);
    }

    function test_anOldProofAfterTheUpgradeIsRefused() public {
        StoredBatchInfo memory one = stored(firstBatch(chainA));
        bytes32 input = publicInput(genesisBatch(), one);
        verifier.learn(PROGRAM, input);
        publish(NEXT, withProgram(OTHER_PROGRAM));
        upgrade(VERSION);
        commit(chainA, genesisBatch(), firstBatch(chainA));
        refuseProof(genesisBatch(), one, abi.encodeWithSelector(UnprovenBatch.selector, 1, OTHER_PROGRAM, input));
        verifier.learn(OTHER_PROGRAM, input);
        prove(chainA, genesisBatch(), one);
        execute(chainA, one);
    }

    function test_anOldVerifiersFactAfterTheUpgradeIsRefused() public {
        StoredBatchInfo memory one = stored(firstBatch(chainA));
        bytes32 input = publicInput(genesisBatch(), one);
        publish(NEXT, VersionData(manager.implementation(VERSION), address(otherVerifier), PROGRAM));
        verifier.learn(PROGRAM, input);
        upgrade(VERSION);
        commit(chainA, genesisBatch(), firstBatch(chainA));
        refuseProof(genesisBatch(), one, abi.encodeWithSelector(UnprovenBatch.selector, 1, PROGRAM, input));
        otherVerifier.learn(PROGRAM, input);
        proveAgain(genesisBatch(), one);
    }

    /// @dev The way out of a batch that the old program cannot prove, or should not have proven.
    function test_revertedBatchesAreProvenByTheNewProgram() public {
        StoredBatchInfo memory one = commit(chainA, genesisBatch(), firstBatch(chainA));
        prove(chainA, genesisBatch(), one);
        StoredBatchInfo memory two = commit(chainA, one, batchAfter(chainA, one, 0, 0));
        publish(NEXT, withProgram(OTHER_PROGRAM));
        refuseUpgrade(admin, VERSION, abi.encodeWithSelector(NotAllBatchesVerified.selector, 1, 2));
        // Frozen, proofs are stopped; taking back and upgrading are not.
        vm.startPrank(owner, owner);
        manager.freezeChain(CHAIN_A);
        manager.revertBatches(CHAIN_A, 0);
        vm.stopPrank();
        upgrade(VERSION);
        vm.prank(owner);
        manager.unfreezeChain(CHAIN_A);
        commit(chainA, genesisBatch(), firstBatch(chainA));
        bytes32 input = publicInput(genesisBatch(), one);
        refuseProof(genesisBatch(), one, abi.encodeWithSelector(UnprovenBatch.selector, 1, OTHER_PROGRAM, input));
        verifier.learn(OTHER_PROGRAM, input);
        proveAgain(genesisBatch(), one);
        commit(chainA, one, batchAfter(chainA, one, 0, 0));
        verifier.learn(OTHER_PROGRAM, publicInput(one, two));
        vm.prank(prover);
        timelock.proveBatchesSharedBridge(address(chainA), 2, 2, proveData(one, two));
        execute(chainA, one);
        execute(chainA, two);
    }

    /// @dev Whatever the order of things: the fact that proves a batch is always one of the program under which it was
    /// committed, and the key changes exactly when no batch waits.
    function test_everyBatchIsProvenByTheProgramOfItsCommit(uint8[32] calldata acts) public {
        history.push(genesisBatch());
        programs.push(0);
        uint256 verified;
        for (uint256 i = 0; i < acts.length; ++i) {
            uint256 committed = history.length - 1;
            uint256 act = acts[i] % 4;
            if (act == 0) {
                history.push(commit(chainA, history[committed], batchAfter(chainA, history[committed], 0, 0)));
                programs.push(chainA.getProgramId());
            } else if (act == 1 && verified < committed) {
                StoredBatchInfo memory batch = history[verified + 1];
                FactVerifier(chainA.getVerifier()).learn(programs[verified + 1], publicInput(history[verified], batch));
                proveAgain(history[verified], batch);
                ++verified;
            } else if (act == 2) {
                vm.prank(owner);
                manager.revertBatches(CHAIN_A, verified);
                for (; committed > verified; --committed) {
                    history.pop();
                    programs.pop();
                }
            } else if (act == 3) {
                uint256 version = chainA.getProtocolVersion();
                if (manager.protocolVersion() == version) {
                    publish(version + 1, withProgram(keccak256(abi.encode(version))));
                }
                if (verified == committed) {
                    upgrade(version);
                } else {
                    bytes memory reason = abi.encodeWithSelector(NotAllBatchesVerified.selector, verified, committed);
                    refuseUpgrade(admin, version, reason);
                }
            }
        }
        vm.assertEq(chainA.getTotalBatchesVerified(), verified);
        vm.assertEq(chainA.getTotalBatchesCommitted(), history.length - 1);
    }

    // -- helpers -----------------------------------------------------------------------------------------------------

    function withProgram(bytes32 programId) private view returns (VersionData memory) {
        return VersionData(manager.implementation(VERSION), address(verifier), programId);
    }

    function publish(uint256 version, VersionData memory data) private {
        vm.prank(owner);
        manager.setNewVersion(version, data, type(uint256).max);
    }

    function upgrade(uint256 from) private {
        vm.prank(admin);
        chainA.upgradeChainFromVersion(from);
    }

    /// @dev As `prove`, for a fact that the verifier was told already.
    function proveAgain(StoredBatchInfo memory previous, StoredBatchInfo memory batch) private {
        vm.prank(prover);
        timelock.proveBatchesSharedBridge(
            address(chainA), batch.batchNumber, batch.batchNumber, proveData(previous, batch)
        );
    }

    function requireOn(ZKChain chain, uint256 version, address verifier_, bytes32 programId) private view {
        vm.assertEq(chain.getProtocolVersion(), version);
        vm.assertEq(manager.getProtocolVersion(chain.getChainId()), version);
        vm.assertEq(chain.getVerifier(), verifier_);
        vm.assertEq(chain.getProgramId(), programId);
    }

    function refuseVersion(uint256 version, VersionData memory data, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(owner);
        manager.setNewVersion(version, data, 0);
    }

    function refuseUpgrade(address caller, uint256 from, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(caller);
        chainA.upgradeChainFromVersion(from);
    }

    function refuseProof(StoredBatchInfo memory previous, StoredBatchInfo memory batch, bytes memory reason) private {
        vm.expectRevert(reason);
        proveAgain(previous, batch);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {StoredBatchInfo} from "../../src/l1/chain/BatchTypes.sol";
import "../../src/l1/common/Errors.sol";
import {HubTest} from "../utils/HubTest.sol";

/// @dev Says that it is a chain of the hub, with its own admin.
contract FalseChain {
    address public immutable getAdmin;
    uint256 public immutable getChainId;

    constructor(address admin, uint256 chainId) {
        getAdmin = admin;
        getChainId = chainId;
    }
}

contract ValidatorTimelockTest is HubTest {
    function test_everyRoleDoesItsOwnOnly() public {
        address[4] memory accounts = [committer, prover, executor, reverter];
        for (uint256 i = 0; i < 4; ++i) {
            address account = accounts[i];
            vm.startPrank(account, account);
            if (account != committer) {
                refuse(timelock.COMMITTER_ROLE(), account);
                timelock.commitBatchesSharedBridge(address(chainA), 1, 1, "");
            }
            if (account != prover) {
                refuse(timelock.PROVER_ROLE(), account);
                timelock.proveBatchesSharedBridge(address(chainA), 1, 1, "");
            }
            if (account != executor) {
                refuse(timelock.EXECUTOR_ROLE(), account);
                timelock.executeBatchesSharedBridge(address(chainA), 1, 1, "");
            }
            if (account != reverter) {
                refuse(timelock.REVERTER_ROLE(), account);
                timelock.revertBatchesSharedBridge(address(chainA), 0);
            }
            vm.stopPrank();
        }
    }

    function refuse(bytes32 role, address account) private {
        vm.expectRevert(abi.encodeWithSelector(RoleAccessDenied.selector, address(chainA), role, account));
    }

    function test_rolesHoldForOneChainOnly() public {
        vm.prank(admin);
        timelock.addValidatorRoles(address(chainA), user, roles(true, true, true, true));
        vm.assertTrue(timelock.hasRoleForChainId(CHAIN_A, timelock.PROVER_ROLE(), user));
        vm.assertFalse(timelock.hasRoleForChainId(CHAIN_B, timelock.PROVER_ROLE(), user));
        vm.assertFalse(timelock.hasRoleForChainId(12345, timelock.PROVER_ROLE(), user));
        bytes memory refusal =
            abi.encodeWithSelector(RoleAccessDenied.selector, address(chainB), timelock.COMMITTER_ROLE(), user);
        vm.expectRevert(refusal);
        vm.prank(user);
        timelock.commitBatchesSharedBridge(address(chainB), 1, 1, "");
    }

    function test_rolesAreTakenBack() public {
        vm.startPrank(admin, admin);
        timelock.addValidatorForChainId(CHAIN_A, user);
        timelock.removeValidatorRoles(address(chainA), user, roles(false, true, false, false));
        vm.assertTrue(timelock.hasRoleForChainId(CHAIN_A, timelock.COMMITTER_ROLE(), user));
        vm.assertFalse(timelock.hasRoleForChainId(CHAIN_A, timelock.REVERTER_ROLE(), user));
        timelock.removeValidatorForChainId(CHAIN_A, user);
        vm.stopPrank();
        vm.assertFalse(timelock.hasRoleForChainId(CHAIN_A, timelock.COMMITTER_ROLE(), user));
        vm.assertFalse(timelock.hasRoleForChainId(CHAIN_A, timelock.PROVER_ROLE(), user));
        vm.assertFalse(timelock.hasRoleForChainId(CHAIN_A, timelock.EXECUTOR_ROLE(), user));
    }

    function test_onlyTheChainsAdminGivesRoles(address other) public {
        vm.assume(other != admin);
        vm.startPrank(other, other);
        bytes memory refusal = abi.encodeWithSelector(Unauthorized.selector, other);
        vm.expectRevert(refusal);
        timelock.addValidatorRoles(address(chainA), other, roles(true, false, false, false));
        vm.expectRevert(refusal);
        timelock.removeValidatorRoles(address(chainA), committer, roles(true, false, false, false));
        vm.expectRevert(refusal);
        timelock.addValidatorForChainId(CHAIN_A, other);
        vm.expectRevert(refusal);
        timelock.removeValidatorForChainId(CHAIN_A, committer);
        vm.stopPrank();
    }

    function test_refusesWhatIsNoChain() public {
        FalseChain liar = new FalseChain(user, CHAIN_A);
        vm.startPrank(user, user);
        vm.expectRevert(abi.encodeWithSelector(NotAZKChain.selector, address(liar)));
        timelock.addValidatorRoles(address(liar), user, roles(true, false, false, false));
        vm.expectRevert(abi.encodeWithSelector(NotAZKChain.selector, user));
        timelock.addValidatorRoles(user, user, roles(true, false, false, false));
        vm.expectRevert(abi.encodeWithSelector(ChainIdNotRegistered.selector, 999));
        timelock.addValidatorForChainId(999, user);
        vm.expectRevert(abi.encodeWithSelector(ChainIdNotRegistered.selector, 999));
        timelock.removeValidatorForChainId(999, user);
        vm.stopPrank();
    }

    function test_delayCountsFromTheLastCommit() public {
        StoredBatchInfo memory one = commit(chainA, genesisBatch(), firstBatch(chainA));
        vm.assertEq(timelock.getCommittedBatchTimestamp(address(chainA), 1), START);
        vm.warp(START + 60);
        vm.prank(reverter);
        timelock.revertBatchesSharedBridge(address(chainA), 0);
        one = commit(chainA, genesisBatch(), firstBatch(chainA));
        prove(chainA, genesisBatch(), one);
        vm.warp(START + DELAY);
        vm.expectRevert(abi.encodeWithSelector(TimeNotReached.selector, START + 60 + DELAY, START + DELAY));
        vm.prank(executor);
        timelock.executeBatchesSharedBridge(address(chainA), 1, 1, executeData(one));
    }

    function test_ownerSetsTheDelay() public {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, user));
        vm.prank(user);
        timelock.setExecutionDelay(0);
        vm.prank(owner);
        timelock.setExecutionDelay(0);
        StoredBatchInfo memory one = commit(chainA, genesisBatch(), firstBatch(chainA));
        prove(chainA, genesisBatch(), one);
        vm.prank(executor);
        timelock.executeBatchesSharedBridge(address(chainA), 1, 1, executeData(one));
        vm.assertEq(chainA.getTotalBatchesExecuted(), 1);
    }

    function test_hugeBoundsAreRefused() public {
        // The chain refuses before the timelock notes times for batches that are not there.
        bytes memory data = commitData(genesisBatch(), firstBatch(chainA));
        vm.expectRevert(abi.encodeWithSelector(IncorrectBatchBounds.selector, 1, 1, 1, type(uint256).max));
        vm.prank(committer);
        timelock.commitBatchesSharedBridge(address(chainA), 1, type(uint256).max, data);
    }
}

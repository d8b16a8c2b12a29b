// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    FinalizeL1DepositParams
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridge/interfaces/IL1Nullifier.sol";
import {
    L2TransactionRequestDirect,
    L2TransactionRequestTwoBridgesOuter
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridgehub/IBridgehub.sol";
import {L2Log} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {BridgedStandardERC20} from "../../src/bridge/BridgedStandardERC20.sol";
import {InteropFlow} from "../../src/l1/chain/BatchTypes.sol";
import {WithdrawalAlreadyFinalized} from "../../src/l1/common/BridgeRefusals.sol";
import {InsufficientChainBalance} from "../../src/l1/common/Errors.sol";
import {ZKChain} from "../../src/l1/chain/ZKChain.sol";
import {BridgeTest} from "../utils/BridgeTest.sol";
import {LogTree} from "../utils/LogTree.sol";

/// @dev Does what users and chains may do with ether, a token of L1 and a token of chain A, in any order, attempts to
/// take too much included, and keeps its own books.
contract Bridgers is BridgeTest {
    address private constant SILVER_ON_A = address(0x511be4);
    bytes32 private _silverId;
    bytes32[3] private _assets;
    uint256[3] private _chains = [CHAIN_A, CHAIN_B, CHAIN_GOLD];
    /// @dev What every chain should be counted to hold.
    mapping(uint256 chainId => mapping(bytes32 assetId => uint256)) private _books;
    /// @dev Silver that left A, and has not returned.
    uint256 private _silverAway;
    uint256 public claims;
    uint256 public recoveries;
    uint256 public refusals;
    uint256 public transfers;

    constructor() {
        BridgeTest.setUp();
        _silverId = nativeId(CHAIN_A, SILVER_ON_A);
        _assets = [ethAssetId, goldId, _silverId];
        vault.registerOrigin(CHAIN_A, SILVER_ON_A);
        say(chainA, new L2Log[](0));
    }

    function setUp() public override {}

    function isHome(uint256 chainId, bytes32 asset) private view returns (bool) {
        return asset == _silverId && chainId == CHAIN_A;
    }

    // -- deposits ----------------------------------------------------------------------------------------------------

    function depositBaseToken(uint256 seed, uint96 amount) external {
        uint256 chainId = _chains[seed % 3];
        L2TransactionRequestDirect memory made = directRequest(chainId, amount);
        uint256 value = chainId == CHAIN_GOLD ? 0 : made.mintValue;
        vm.deal(user, user.balance + value);
        gold.mint(user, made.mintValue);
        vm.prank(user, user);
        bytes32 txHash = hub.requestL2TransactionDirect{value: value}(made);
        requests[hub.getZKChain(chainId)].push(txHash);
        _books[chainId][chainId == CHAIN_GOLD ? goldId : ethAssetId] += made.mintValue;
    }

    function depositOther(uint256 seed, uint256 amount) external {
        request(_chains[seed % 3], _assets[(seed / 3) % 3], bound(amount, 1, 1e24));
    }

    /// @dev Nothing where the asset is the chain's base token, or the user has none.
    function request(uint256 chainId, bytes32 asset, uint256 amount) private returns (bytes32 txHash) {
        if (asset == (chainId == CHAIN_GOLD ? goldId : ethAssetId)) return 0;
        if (asset == _silverId) {
            address silver = vault.tokenAddress(_silverId);
            uint256 owned = silver == address(0) ? 0 : BridgedStandardERC20(silver).balanceOf(user);
            if (owned == 0) return 0;
            amount = bound(amount, 1, owned);
        }
        L2TransactionRequestTwoBridgesOuter memory made =
            twoBridges(chainId, tokenData(asset, amount, receiver, asset == goldId ? address(gold) : address(1)));
        if (asset == ethAssetId) made.secondBridgeValue = amount;
        uint256 value = (chainId == CHAIN_GOLD ? 0 : made.mintValue) + made.secondBridgeValue;
        vm.deal(user, user.balance + value);
        gold.mint(user, amount + made.mintValue);
        vm.prank(user, user);
        txHash = hub.requestL2TransactionTwoBridges{value: value}(made);
        requests[hub.getZKChain(chainId)].push(txHash);
        _books[chainId][chainId == CHAIN_GOLD ? goldId : ethAssetId] += made.mintValue;
        if (isHome(chainId, asset)) _silverAway -= amount;
        else _books[chainId][asset] += amount;
    }

    function depositThatFails(uint256 seed, uint256 amount) external {
        uint256 chainId = _chains[seed % 3];
        bytes32 asset = _assets[(seed / 3) % 3];
        if (asset == _silverId) return;
        amount = bound(amount, 1, 1e24);
        bytes32 txHash = request(chainId, asset, amount);
        if (txHash == 0) return;
        L2Log[] memory logs = new L2Log[](1);
        logs[0] = LogTree.resultLog(0, txHash, false);
        uint256 number = say(ZKChain(hub.getZKChain(chainId)), logs);
        bytes memory data = abi.encode(amount, receiver, asset == goldId ? address(gold) : address(1));
        bytes32[] memory proof = LogTree.finalProof(logs, 0);
        router.bridgeRecoverFailedTransfer(chainId, user, asset, data, txHash, number, 0, 0, proof);
        _books[chainId][asset] -= amount;
        recoveries += 1;
        vm.expectRevert();
        router.bridgeRecoverFailedTransfer(chainId, user, asset, data, txHash, number, 0, 0, proof);
    }

    // -- what chains send --------------------------------------------------------------------------------------------

    function withdraw(uint256 seed, uint256 amount) external {
        uint256 chainId = _chains[seed % 3];
        bytes32 asset = _assets[(seed / 3) % 3];
        amount = bound(amount, 1, 1e24);
        FinalizeL1DepositParams memory claim = sayMessageOf(chainId, asset, amount);
        uint256 held = _books[chainId][asset];
        if (!isHome(chainId, asset) && amount > held) {
            vm.expectRevert(abi.encodeWithSelector(InsufficientChainBalance.selector, chainId, asset, held, amount));
            nullifier.finalizeDeposit(claim);
            refusals += 1;
            return;
        }
        nullifier.finalizeDeposit(claim);
        claims += 1;
        if (isHome(chainId, asset)) _silverAway += amount;
        else _books[chainId][asset] -= amount;
        vm.expectRevert(
            abi.encodeWithSelector(WithdrawalAlreadyFinalized.selector, chainId, claim.l2BatchNumber, uint256(1))
        );
        nullifier.finalizeDeposit(claim);
    }

    function sayMessageOf(uint256 chainId, bytes32 asset, uint256 amount)
        private
        returns (FinalizeL1DepositParams memory)
    {
        ZKChain chain = ZKChain(hub.getZKChain(chainId));
        if (asset == (chainId == CHAIN_GOLD ? goldId : ethAssetId)) {
            return sayMessage(chain, BASE_TOKEN, baseTokenMessage(receiver, amount));
        }
        address token = asset == _silverId ? SILVER_ON_A : asset == goldId ? address(gold) : address(1);
        uint256 origin = asset == _silverId ? CHAIN_A : L1_CHAIN_ID;
        return sayMessage(chain, ROUTER_ON_CHAINS, tokenMessage(chainId, asset, user, token, amount, origin));
    }

    function transfer(uint256 seed, uint256 amount) external {
        uint256 from = _chains[seed % 3];
        uint256 to = _chains[(seed % 3 + 1 + (seed / 9) % 2) % 3];
        bytes32 asset = _assets[(seed / 3) % 3];
        uint256 held = isHome(from, asset) ? 1e24 : _books[from][asset];
        if (held == 0) return;
        amount = bound(amount, 1, held);
        InteropFlow[] memory flows = new InteropFlow[](1);
        flows[0] = InteropFlow(to, asset, amount);
        say(ZKChain(hub.getZKChain(from)), new L2Log[](0), flows);
        transfers += 1;
        if (isHome(from, asset)) _silverAway += amount;
        else _books[from][asset] -= amount;
        if (isHome(to, asset)) _silverAway -= amount;
        else _books[to][asset] += amount;
    }

    // -- what must hold ----------------------------------------------------------------------------------------------

    function check() external view {
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 asset = _assets[i];
            uint256 sum = 0;
            for (uint256 j = 0; j < 3; ++j) {
                uint256 held = vault.chainBalance(_chains[j], asset);
                vm.assertEq(held, _books[_chains[j]][asset], "chain balance");
                sum += held;
            }
            vm.assertEq(vault.totalChainBalance(asset), sum, "sum of chain balances");
            if (asset == ethAssetId) vm.assertEq(address(vault).balance, sum, "ether held");
            if (asset == goldId) vm.assertEq(gold.balanceOf(address(vault)), sum, "gold held");
            if (asset == _silverId) {
                address silver = vault.tokenAddress(asset);
                uint256 onL1 = silver == address(0) ? 0 : BridgedStandardERC20(silver).totalSupply();
                vm.assertEq(onL1 + sum, _silverAway, "silver away from home");
            }
        }
    }
}

contract BridgeInvariantsTest is BridgeTest {
    Bridgers private _bridgers;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public override {
        _bridgers = new Bridgers();
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[] memory selectors = new bytes4[](5);
        selectors[0] = Bridgers.depositBaseToken.selector;
        selectors[1] = Bridgers.depositOther.selector;
        selectors[2] = Bridgers.depositThatFails.selector;
        selectors[3] = Bridgers.withdraw.selector;
        selectors[4] = Bridgers.transfer.selector;
        targets[0] = FuzzSelector(address(_bridgers), selectors);
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_bridgers);
    }

    function invariant_vaultHoldsWhatItOwes() public view {
        _bridgers.check();
    }

    /// @dev The campaign would say nothing if nothing ever got through.
    function test_bridgersReachTheEnd() public {
        _bridgers.depositBaseToken(0, 1 ether);
        _bridgers.depositOther(3, 5 ether);
        _bridgers.depositThatFails(4, 2 ether);
        _bridgers.withdraw(0, 100);
        _bridgers.withdraw(6, 1000);
        _bridgers.depositOther(7, 300);
        _bridgers.transfer(3, 1 ether);
        _bridgers.transfer(6, 50);
        _bridgers.withdraw(4, 1e24);
        vm.assertEq(_bridgers.claims(), 2);
        vm.assertEq(_bridgers.recoveries(), 1);
        vm.assertEq(_bridgers.transfers(), 2);
        vm.assertEq(_bridgers.refusals(), 1);
        invariant_vaultHoldsWhatItOwes();
    }
}

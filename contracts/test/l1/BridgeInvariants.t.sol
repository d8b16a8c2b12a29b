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
    Promise[] private _withdrawals;
    Promise[] private _failures;
    uint256 private _said;
    uint256 public claims;
    uint256 public recoveries;
    uint256 public refusals;
    uint256 public transfers;

    /// @dev What somebody can claim on L1, if the chain's balance allows it.
    struct Promise {
        uint256 chainId;
        bytes32 asset;
        uint256 amount;
        bytes claim;
    }

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
    function request(uint256 chainId, bytes32 asset, uint256 wanted) private returns (bytes32 txHash, uint256 amount) {
        if (asset == (chainId == CHAIN_GOLD ? goldId : ethAssetId)) return (0, 0);
        amount = wanted;
        if (asset == _silverId) {
            address silver = vault.tokenAddress(_silverId);
            uint256 owned = silver == address(0) ? 0 : BridgedStandardERC20(silver).balanceOf(user);
            if (owned == 0) return (0, 0);
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

    /// @dev The chain says that it failed; it is claimed back later.
    function depositThatFails(uint256 seed, uint256 wanted) external {
        uint256 chainId = _chains[seed % 3];
        bytes32 asset = _assets[(seed / 3) % 3];
        (bytes32 txHash, uint256 amount) = request(chainId, asset, bound(wanted, 1, 1e24));
        if (txHash == 0) return;
        L2Log[] memory logs = new L2Log[](1);
        logs[0] = LogTree.resultLog(0, txHash, false);
        uint256 number = say(ZKChain(hub.getZKChain(chainId)), logs);
        bytes memory data = abi.encode(amount, receiver, asset == goldId ? address(gold) : address(1));
        bytes memory proven = abi.encode(data, txHash, number, LogTree.finalProof(logs, 0));
        _failures.push(Promise(chainId, asset, amount, proven));
    }

    /// @dev A failed deposit is handed back, once; never to another, and only if the chain has not sent it on.
    function recover(uint256 seed) external {
        if (_failures.length == 0) return;
        uint256 place = seed % _failures.length;
        Promise memory failure = _failures[place];
        vm.expectRevert();
        this.handBack(failure, receiver);
        uint256 held = _books[failure.chainId][failure.asset];
        if (!isHome(failure.chainId, failure.asset) && failure.amount > held) {
            vm.expectRevert(shortfall(failure.chainId, failure.asset, held, failure.amount));
            this.handBack(failure, user);
            refusals += 1;
            return;
        }
        this.handBack(failure, user);
        recoveries += 1;
        took(failure.chainId, failure.asset, failure.amount);
        vm.expectRevert();
        this.handBack(failure, user);
        _failures[place] = _failures[_failures.length - 1];
        _failures.pop();
    }

    function handBack(Promise calldata failure, address sender) external {
        (bytes memory data, bytes32 txHash, uint256 number, bytes32[] memory proof) =
            abi.decode(failure.claim, (bytes, bytes32, uint256, bytes32[]));
        router.bridgeRecoverFailedTransfer(failure.chainId, sender, failure.asset, data, txHash, number, 0, 0, proof);
    }

    // -- what chains send --------------------------------------------------------------------------------------------

    /// @dev A chain says that somebody withdrew, be it true or not.
    function withdraw(uint256 seed, uint256 amount) external {
        uint256 chainId = _chains[seed % 3];
        bytes32 asset = _assets[(seed / 3) % 3];
        amount = bound(amount, 1, 1e24);
        FinalizeL1DepositParams memory params = sayMessageOf(chainId, asset, amount);
        _withdrawals.push(Promise(chainId, asset, amount, abi.encode(params)));
    }

    /// @dev Paid once, and only from what the chain holds.
    function claim(uint256 seed) external {
        if (_withdrawals.length == 0) return;
        uint256 place = seed % _withdrawals.length;
        Promise memory promised = _withdrawals[place];
        FinalizeL1DepositParams memory params = abi.decode(promised.claim, (FinalizeL1DepositParams));
        uint256 held = _books[promised.chainId][promised.asset];
        if (!isHome(promised.chainId, promised.asset) && promised.amount > held) {
            refuseClaim(params, shortfall(promised.chainId, promised.asset, held, promised.amount));
            refusals += 1;
            return;
        }
        nullifier.finalizeDeposit(params);
        claims += 1;
        took(promised.chainId, promised.asset, promised.amount);
        refuseClaim(
            params,
            abi.encodeWithSelector(
                WithdrawalAlreadyFinalized.selector, promised.chainId, params.l2BatchNumber, uint256(1)
            )
        );
        _withdrawals[place] = _withdrawals[_withdrawals.length - 1];
        _withdrawals.pop();
    }

    /// @dev The same claim against another chain, of another amount, or with another word of proof.
    function claimWrongly(uint256 seed, uint256 word, uint256 bit) external {
        if (_withdrawals.length == 0) return;
        Promise memory promised = _withdrawals[seed % _withdrawals.length];
        FinalizeL1DepositParams memory params = abi.decode(promised.claim, (FinalizeL1DepositParams));
        if (word % 3 == 0) {
            params.chainId = _chains[(seed % 3 + 1) % 3];
            if (params.chainId == promised.chainId) params.chainId = _chains[(seed % 3 + 2) % 3];
        } else if (word % 3 == 1) {
            params.message[params.message.length - 1] ^= bytes1(uint8(1 << (bit % 8)));
        } else {
            params.merkleProof[word % params.merkleProof.length] ^= bytes32(1 << (bit % 256));
        }
        vm.expectRevert();
        nullifier.finalizeDeposit(params);
    }

    function took(uint256 chainId, bytes32 asset, uint256 amount) private {
        if (isHome(chainId, asset)) _silverAway += amount;
        else _books[chainId][asset] -= amount;
    }

    function shortfall(uint256 chainId, bytes32 asset, uint256 held, uint256 amount)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(InsufficientChainBalance.selector, chainId, asset, held, amount);
    }

    function sayMessageOf(uint256 chainId, bytes32 asset, uint256 amount)
        private
        returns (FinalizeL1DepositParams memory)
    {
        ZKChain chain = ZKChain(hub.getZKChain(chainId));
        if (asset == (chainId == CHAIN_GOLD ? goldId : ethAssetId)) {
            // Numbered, so that no other chain ever says the same.
            bytes memory message = bytes.concat(baseTokenMessage(receiver, amount), bytes20(user), bytes32(++_said));
            return sayMessage(chain, BASE_TOKEN, message);
        }
        address token = asset == _silverId ? SILVER_ON_A : asset == goldId ? address(gold) : address(1);
        uint256 origin = asset == _silverId ? CHAIN_A : L1_CHAIN_ID;
        // To the user, who deposits silver again.
        return sayMessage(chain, ROUTER_ON_CHAINS, tokenMessage(chainId, asset, user, token, amount, origin));
    }

    function transfer(uint256 seed, uint256 amount) external {
        uint256 from = _chains[seed % 3];
        uint256 to = _chains[(seed % 3 + 1 + (seed / 9) % 2) % 3];
        bytes32 asset = _assets[(seed / 3) % 3];
        uint256 held = isHome(from, asset) ? 1e24 : _books[from][asset];
        if (held == 0) return;
        amount = bound(amount, 1, held);
        this.sayFlow(from, InteropFlow(to, asset, amount));
        transfers += 1;
        took(from, asset, amount);
        if (isHome(to, asset)) _silverAway -= amount;
        else _books[to][asset] += amount;
    }

    /// @dev A batch that sends more than its chain holds is not executed.
    function transferTooMuch(uint256 seed, uint256 amount) external {
        uint256 from = _chains[seed % 3];
        uint256 to = _chains[(seed % 3 + 1 + (seed / 9) % 2) % 3];
        bytes32 asset = _assets[(seed / 3) % 3];
        if (isHome(from, asset)) return;
        uint256 held = _books[from][asset];
        amount = bound(amount, held + 1, type(uint256).max);
        vm.expectRevert(shortfall(from, asset, held, amount));
        this.sayFlow(from, InteropFlow(to, asset, amount));
        refusals += 1;
    }

    function sayFlow(uint256 from, InteropFlow calldata flow) external {
        InteropFlow[] memory flows = new InteropFlow[](1);
        flows[0] = flow;
        say(ZKChain(hub.getZKChain(from)), new L2Log[](0), flows);
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
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = Bridgers.depositBaseToken.selector;
        selectors[1] = Bridgers.depositOther.selector;
        selectors[2] = Bridgers.depositThatFails.selector;
        selectors[3] = Bridgers.withdraw.selector;
        selectors[4] = Bridgers.transfer.selector;
        selectors[5] = Bridgers.claim.selector;
        selectors[6] = Bridgers.claimWrongly.selector;
        selectors[7] = Bridgers.recover.selector;
        selectors[8] = Bridgers.transferTooMuch.selector;
        targets[0] = FuzzSelector(address(_bridgers), selectors);
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_bridgers);
    }

    /// @dev Otherwise one is the vault itself now and then, and forge gives it ether to pay for its call with.
    function targetSenders() public pure returns (address[] memory senders) {
        senders = new address[](1);
        senders[0] = address(0xa11);
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
        _bridgers.withdraw(4, 1e24);
        for (uint256 word = 0; word < 30; ++word) {
            _bridgers.claimWrongly(word, word, word);
        }
        _bridgers.recover(0);
        _bridgers.claim(2);
        _bridgers.claim(1);
        _bridgers.claim(0);
        _bridgers.depositOther(7, 300);
        _bridgers.depositThatFails(6, 200);
        _bridgers.recover(0);
        _bridgers.transfer(3, 1 ether);
        _bridgers.transfer(6, 50);
        _bridgers.transferTooMuch(3, 1);
        vm.assertEq(_bridgers.claims(), 2);
        vm.assertEq(_bridgers.recoveries(), 2);
        vm.assertEq(_bridgers.transfers(), 2);
        vm.assertEq(_bridgers.refusals(), 2);
        invariant_vaultHoldsWhatItOwes();
    }
}

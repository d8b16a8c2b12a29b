// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    FinalizeL1DepositParams
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridge/interfaces/IL1Nullifier.sol";
import {
    L2TransactionRequestTwoBridgesOuter
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridgehub/IBridgehub.sol";
import {L2Log} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {TestToken} from "../../src/dev/TestToken.sol";
import {CommitBatchInfo, InteropFlow, StoredBatchInfo} from "../../src/l1/chain/BatchTypes.sol";
import {ZKChain} from "../../src/l1/chain/ZKChain.sol";
import {HubTest} from "./HubTest.sol";
import {LogTree} from "./LogTree.sol";

/// @title A hub with a token, and a third chain whose base token it is
abstract contract BridgeTest is HubTest {
    uint256 internal constant CHAIN_GOLD = 273;
    address internal constant BASE_TOKEN = address(0x800a);
    address internal constant ROUTER_ON_CHAINS = address(0x10003);
    address internal constant VAULT_ON_CHAINS = address(0x10004);

    address internal receiver = makeAddr("receiver");
    TestToken internal gold;
    bytes32 internal goldId;
    ZKChain internal chainGold;
    /// @dev The last settled batch of each chain.
    mapping(address chain => StoredBatchInfo) internal settledBatch;

    function setUp() public virtual override {
        super.setUp();
        gold = TestToken(deploy("TestToken", abi.encode("Gold", "AU", uint8(18))));
        goldId = vault.ensureTokenIsRegistered(address(gold));
        vm.prank(owner);
        hub.addTokenAssetId(goldId);
        chainGold = createChainOn(CHAIN_GOLD, goldId);
        settledBatch[address(chainA)] = genesisBatch();
        settledBatch[address(chainB)] = genesisBatch();
        settledBatch[address(chainGold)] = genesisBatch();
        fund(user, 1e9 ether);
    }

    function fund(address account, uint256 amount) internal {
        gold.mint(account, amount);
        vm.prank(account);
        gold.approve(address(router), type(uint256).max);
    }

    function nativeId(uint256 chainId, address token) internal pure returns (bytes32) {
        return keccak256(abi.encode(chainId, VAULT_ON_CHAINS, token));
    }

    // -- deposits ----------------------------------------------------------------------------------------------------

    function tokenData(bytes32 assetId, uint256 amount, address to, address token)
        internal
        pure
        returns (bytes memory)
    {
        return bytes.concat(hex"01", abi.encode(assetId, abi.encode(amount, to, token)));
    }

    function twoBridges(uint256 chainId, bytes memory data)
        internal
        view
        returns (L2TransactionRequestTwoBridgesOuter memory request)
    {
        request.chainId = chainId;
        request.l2GasLimit = 2_000_000;
        request.l2GasPerPubdataByteLimit = 800;
        request.mintValue = hub.l2TransactionBaseCost(chainId, tx.gasprice, request.l2GasLimit, 800);
        request.secondBridgeAddress = address(router);
        request.secondBridgeCalldata = data;
    }

    function depositToken(uint256 chainId, address token, uint256 amount) internal returns (bytes32 txHash) {
        bytes memory data = tokenData(nativeId(L1_CHAIN_ID, token), amount, receiver, token);
        L2TransactionRequestTwoBridgesOuter memory request = twoBridges(chainId, data);
        uint256 value = chainId == CHAIN_GOLD ? 0 : request.mintValue;
        vm.prank(user, user);
        txHash = hub.requestL2TransactionTwoBridges{value: value}(request);
        requests[hub.getZKChain(chainId)].push(txHash);
    }

    // -- what chains say ---------------------------------------------------------------------------------------------

    function baseTokenMessage(address to, uint256 amount) internal pure returns (bytes memory) {
        return bytes.concat(hex"6c0960f9", bytes20(to), bytes32(amount));
    }

    function metadataOf(uint256 origin) internal pure returns (bytes memory) {
        return bytes.concat(hex"01", abi.encode(origin, abi.encode("Silver"), abi.encode("AG"), abi.encode(uint8(6))));
    }

    function tokenMessage(uint256 chainId, bytes32 assetId, address to, address token, uint256 amount, uint256 origin)
        internal
        view
        returns (bytes memory)
    {
        return
            bytes.concat(
                hex"9c884fd1", bytes32(chainId), assetId, abi.encode(user, to, token, amount, metadataOf(origin))
            );
    }

    function goldMessage(uint256 chainId, uint256 amount) internal view returns (bytes memory) {
        return tokenMessage(chainId, goldId, receiver, address(gold), amount, L1_CHAIN_ID);
    }

    /// @dev Settles a batch with these logs that takes all waiting requests; returns its number.
    function say(ZKChain chain, L2Log[] memory logs) internal returns (uint256) {
        return say(chain, logs, new InteropFlow[](0));
    }

    function say(ZKChain chain, L2Log[] memory logs, InteropFlow[] memory flows) internal returns (uint256) {
        uint256 first = chain.getFirstUnprocessedPriorityTx();
        CommitBatchInfo memory batch =
            batchAfter(chain, settledBatch[address(chain)], first, requests[address(chain)].length - first);
        batch.l2LogsTreeRoot = LogTree.batchRoot(logs);
        batch.interopFlows = flows;
        settledBatch[address(chain)] = settle(chain, settledBatch[address(chain)], batch);
        return batch.batchNumber;
    }

    /// @dev Settles a batch with one message and returns what claims it.
    function sayMessage(ZKChain chain, address sender, bytes memory message)
        internal
        returns (FinalizeL1DepositParams memory)
    {
        L2Log[] memory logs = new L2Log[](3);
        logs[0] = LogTree.resultLog(0, keccak256("other"), true);
        logs[1] = LogTree.messageLog(7, sender, message);
        logs[2] = LogTree.messageLog(8, user, "other");
        uint256 number = say(chain, logs);
        return FinalizeL1DepositParams({
            chainId: chain.getChainId(),
            l2BatchNumber: number,
            l2MessageIndex: 1,
            l2Sender: sender,
            l2TxNumberInBatch: 7,
            message: message,
            merkleProof: LogTree.finalProof(logs, 1)
        });
    }

    function refuseClaim(FinalizeL1DepositParams memory claim, bytes memory reason) internal {
        vm.expectRevert(reason);
        nullifier.finalizeDeposit(claim);
    }
}

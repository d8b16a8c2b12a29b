// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {L2Log} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {TestToken} from "../../src/dev/TestToken.sol";
import {L2AssetRouter} from "../../src/l2/L2AssetRouter.sol";
import {L2BaseToken} from "../../src/l2/L2BaseToken.sol";
import {L2Bridgehub} from "../../src/l2/L2Bridgehub.sol";
import {L2InteropRootStorage} from "../../src/l2/L2InteropRootStorage.sol";
import {L2NativeTokenVault} from "../../src/l2/L2NativeTokenVault.sol";
import {InteropBundle, MessageInclusionProof} from "../../src/l2/interop/Bundle.sol";
import {InteropCenter} from "../../src/l2/interop/InteropCenter.sol";
import {InteropHandler} from "../../src/l2/interop/InteropHandler.sol";
import {L2MessageVerification} from "../../src/l2/interop/L2MessageVerification.sol";
import {LogTree} from "./LogTree.sol";
import {NaiveTree} from "./NaiveTree.sol";
import {Test, Vm} from "./Test.sol";

/// @title Chains of a hub, one at a time
/// @notice The system contracts stand as a genesis leaves them. `enter` turns to another chain, and each keeps nothing:
/// what goes from one to another is carried in memory, as it would be by a relayer.
abstract contract ChainTest is Test {
    uint256 internal constant L1 = 31337;
    uint256 internal constant CHAIN_A = 271;
    uint256 internal constant CHAIN_B = 272;
    /// @dev Its base token is not ether.
    uint256 internal constant CHAIN_GOLD = 273;
    uint256 internal constant BOUND = 2 ** 127 - 1;
    uint256 internal constant ROOT_BLOCK = 77;
    address internal constant L1_GOLD = address(0x601d);
    address internal constant L1_ROUTER = address(0x1207e);
    address internal constant L1_ROUTER_ALIAS =
        address(uint160(0x1207e) + uint160(0x1111000000000000000000000000000000001111));
    address internal constant BOOTLOADER_ = address(0x8001);
    L2BaseToken internal constant TOKEN = L2BaseToken(address(0x800a));
    L2Bridgehub internal constant BRIDGEHUB = L2Bridgehub(address(0x10002));
    L2AssetRouter internal constant ROUTER = L2AssetRouter(address(0x10003));
    L2NativeTokenVault internal constant VAULT = L2NativeTokenVault(address(0x10004));
    L2InteropRootStorage internal constant ROOTS = L2InteropRootStorage(address(0x10008));
    L2MessageVerification internal constant VERIFICATION = L2MessageVerification(address(0x10009));
    InteropCenter internal constant CENTER = InteropCenter(address(0x1000d));
    InteropHandler internal constant HANDLER = InteropHandler(payable(address(0x1000e)));
    address internal constant HOLDER = address(0x10011);

    address internal user = makeAddr("user");
    address internal receiver = makeAddr("receiver");
    bytes32 internal ethId = nativeId(L1, address(1));
    bytes32 internal goldId = nativeId(L1, L1_GOLD);
    uint256 private _blank;

    function setUp() public virtual {
        install(address(0x8008), "L1Messenger");
        install(address(TOKEN), "L2BaseToken");
        install(address(BRIDGEHUB), "L2Bridgehub");
        install(address(ROUTER), "L2AssetRouter");
        install(address(VAULT), "L2NativeTokenVault");
        install(address(ROOTS), "L2InteropRootStorage");
        install(address(VERIFICATION), "L2MessageVerification");
        install(address(CENTER), "InteropCenter");
        install(address(HANDLER), "InteropHandler");
        install(HOLDER, "BaseTokenHolder");
        install(address(0x10020), "BridgedStandardERC20");
        vm.deal(HOLDER, BOUND - 1000 ether);
        vm.deal(user, 1000 ether);
        _blank = vm.snapshotState();
        enter(CHAIN_A);
    }

    function install(address target, string memory name) internal {
        vm.etch(target, vm.getDeployedCode(string.concat("artifacts/", name, ".json")));
    }

    /// @dev Turns to a chain as its genesis left it, with a thousand of the base token for the user.
    function enter(uint256 chainId) internal {
        uint256 blank = _blank;
        vm.revertToState(blank);
        _blank = vm.snapshotState();
        vm.chainId(chainId);
        address base = chainId == CHAIN_GOLD ? L1_GOLD : address(1);
        bytes32 baseId = nativeId(L1, base);
        put(address(TOKEN), 0, bytes32(abi.encodePacked("Ether", bytes26(0), uint8(10))));
        put(address(TOKEN), 1, bytes32(abi.encodePacked("ETH", bytes28(0), uint8(6))));
        put(address(BRIDGEHUB), 0, bytes32(L1));
        put(address(BRIDGEHUB), mapped(bytes32(chainId), 1), baseId);
        put(address(ROUTER), 0, bytes32(L1));
        put(address(ROUTER), 1, bytes32(uint256(uint160(L1_ROUTER))));
        put(address(VAULT), mapped(bytes32(uint256(0x800a)), 0), baseId);
        put(address(VAULT), mapped(baseId, 1), bytes32(uint256(0x800a)));
        put(address(VAULT), mapped(baseId, 2), bytes32(L1));
        put(address(VAULT), mapped(baseId, 3), bytes32(uint256(uint160(base))));
        put(address(VAULT), 4, bytes32(L1));
        put(address(VAULT), 5, baseId);
        vm.startPrank(BOOTLOADER_, BOOTLOADER_);
        if (chainId != CHAIN_A) BRIDGEHUB.registerChainForInterop(CHAIN_A, ethId);
        if (chainId != CHAIN_B) BRIDGEHUB.registerChainForInterop(CHAIN_B, ethId);
        if (chainId != CHAIN_GOLD) BRIDGEHUB.registerChainForInterop(CHAIN_GOLD, goldId);
        vm.stopPrank();
    }

    function put(address account, uint256 slot, bytes32 value) private {
        vm.store(account, bytes32(slot), value);
    }

    function mapped(bytes32 key, uint256 slot) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(key, slot)));
    }

    function nativeId(uint256 chainId, address token) internal pure returns (bytes32) {
        return keccak256(abi.encode(chainId, address(0x10004), token));
    }

    // -- deposits from L1 --------------------------------------------------------------------------------------------

    function metadata(uint256 origin) internal pure returns (bytes memory) {
        return bytes.concat(hex"01", abi.encode(origin, abi.encode("Gold"), abi.encode("AU"), abi.encode(uint8(6))));
    }

    function mintData(address to, address token, uint256 amount, uint256 origin) internal view returns (bytes memory) {
        return abi.encode(user, to, token, amount, metadata(origin));
    }

    /// @dev A deposit of gold from L1, as the chain executes it.
    function depositGold(address to, uint256 amount) internal returns (TestToken) {
        bytes memory data = mintData(to, L1_GOLD, amount, L1);
        vm.prank(L1_ROUTER_ALIAS);
        ROUTER.finalizeDeposit(L1, goldId, data);
        return TestToken(VAULT.tokenAddress(goldId));
    }

    // -- bundles -----------------------------------------------------------------------------------------------------

    /// @dev The bundle that was sent since logs are recorded, as bytes of its message.
    function sentBundle() internal returns (bytes memory) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != InteropCenter.InteropBundleSent.selector) continue;
            (, InteropBundle memory bundle) = abi.decode(logs[i].data, (bytes32, InteropBundle));
            return abi.encode(bundle);
        }
        revert("no bundle was sent");
    }

    /// @dev What a chain announced to send, as (destination, asset, amount).
    function flowOf(Vm.Log[] memory logs) internal pure returns (uint256 chainId, bytes32 assetId, uint256 amount) {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == L2NativeTokenVault.InteropFlow.selector && logs[i].emitter == address(VAULT)) {
                return (uint256(logs[i].topics[1]), logs[i].topics[2], abi.decode(logs[i].data, (uint256)));
            }
        }
    }

    /// @dev The words of a proof of one log among others, batches and chains, and the message root it leads to.
    function proveLog(uint256 chainId, uint256 batchNumber, L2Log memory log)
        internal
        pure
        returns (bytes32[] memory proof, bytes32 root)
    {
        L2Log[] memory logs = new L2Log[](3);
        logs[0] = LogTree.resultLog(0, keccak256("other"), true);
        logs[1] = log;
        logs[2] = LogTree.messageLog(9, address(1), "other");
        bytes32[] memory path = LogTree.path(logs, 1);

        // The batch is the third of its chain, the chain the second of four.
        bytes32[] memory batches = new bytes32[](4);
        for (uint256 i = 0; i < 4; ++i) {
            batches[i] = keccak256(bytes.concat(keccak256("zkSync:BatchLeaf"), bytes32(i), bytes32(i)));
        }
        batches[2] =
            keccak256(bytes.concat(keccak256("zkSync:BatchLeaf"), LogTree.batchRoot(logs), bytes32(batchNumber)));
        bytes32[][] memory batchTree = NaiveTree.levels(batches, 0);
        bytes32[] memory chains = new bytes32[](4);
        for (uint256 i = 0; i < 4; ++i) {
            chains[i] = keccak256(bytes.concat(keccak256("zkSync:ChainIdLeaf"), bytes32(i), bytes32(i)));
        }
        chains[1] = keccak256(bytes.concat(keccak256("zkSync:ChainIdLeaf"), batchTree[2][0], bytes32(chainId)));
        bytes32[][] memory chainTree = NaiveTree.levels(chains, 0);

        proof = new bytes32[](24);
        proof[0] = bytes32(bytes4(0x010f0200));
        for (uint256 i = 0; i < 14; ++i) {
            proof[1 + i] = path[i];
        }
        proof[16] = bytes32(uint256(2));
        proof[17] = batchTree[0][3];
        proof[18] = batchTree[1][0];
        proof[19] = bytes32(ROOT_BLOCK << 128 | 1);
        proof[20] = bytes32(L1);
        proof[21] = bytes32(bytes4(0x01020001));
        proof[22] = chainTree[0][0];
        proof[23] = chainTree[1][1];
        root = chainTree[2][0];
    }

    /// @dev Imports the root under which a bundle of a chain is proven, and returns the proof.
    function importBundle(uint256 chainId, bytes memory bundle) internal returns (MessageInclusionProof memory proof) {
        bytes32 root;
        proof.chainId = chainId;
        proof.l1BatchNumber = 5;
        proof.l2MessageIndex = 1;
        proof.txNumberInBatch = 3;
        L2Log memory log = LogTree.messageLog(3, address(CENTER), bytes.concat(hex"01", bundle));
        (proof.proof, root) = proveLog(chainId, 5, log);
        importRoot(root);
    }

    function importRoot(bytes32 root) internal {
        bytes32[] memory sides = new bytes32[](1);
        sides[0] = root;
        vm.prank(BOOTLOADER_);
        ROOTS.addInteropRoot(L1, ROOT_BLOCK, sides);
    }
}

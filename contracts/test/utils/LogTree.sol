// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {L2Log} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {NaiveTree} from "./NaiveTree.sol";

/// @dev The logs of a batch, their root, and proofs in the words of `zks_getL2ToL1LogProof`.
library LogTree {
    bytes32 internal constant FINAL = bytes32(bytes4(0x010f0001));
    bytes32 private constant EMPTY_LEAF = 0x72abee45b59e344af8a6e520241c4744aff26ed411f4c4b00f8af09adada43ba;
    uint256 private constant HEIGHT = 14;

    function leaf(L2Log memory log) internal pure returns (bytes32) {
        return keccak256(
            bytes.concat(
                bytes1(log.l2ShardId),
                log.isService ? bytes1(0x01) : bytes1(0x00),
                bytes2(log.txNumberInBatch),
                bytes20(log.sender),
                log.key,
                log.value
            )
        );
    }

    function messageLog(uint16 txNumber, address sender, bytes memory message) internal pure returns (L2Log memory) {
        return L2Log(0, true, txNumber, address(0x8008), bytes32(uint256(uint160(sender))), keccak256(message));
    }

    function resultLog(uint16 txNumber, bytes32 txHash, bool succeeded) internal pure returns (L2Log memory) {
        return L2Log(0, true, txNumber, address(0x8001), txHash, bytes32(uint256(succeeded ? 1 : 0)));
    }

    /// @dev Root of the batch: of its logs, and of nothing that settles on it.
    function batchRoot(L2Log[] memory logs) internal pure returns (bytes32) {
        return keccak256(bytes.concat(path(logs, 0)[HEIGHT], bytes32(0)));
    }

    /// @dev 14 siblings of a log, and the root of the logs last. What is empty is not built.
    function path(L2Log[] memory logs, uint256 index) internal pure returns (bytes32[] memory result) {
        bytes32[] memory leaves = new bytes32[](logs.length == 0 ? 1 : logs.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = i < logs.length ? leaf(logs[i]) : EMPTY_LEAF;
        }
        bytes32[][] memory tree = NaiveTree.levels(leaves, EMPTY_LEAF);
        result = new bytes32[](HEIGHT + 1);
        bytes32 empty = EMPTY_LEAF;
        bytes32 node = tree[tree.length - 1][0];
        for (uint256 height = 0; height < HEIGHT; ++height) {
            if (height + 1 < tree.length) {
                result[height] = tree[height][(index >> height) ^ 1];
            } else {
                result[height] = empty;
                node = keccak256(bytes.concat(node, empty));
            }
            empty = keccak256(bytes.concat(empty, empty));
        }
        result[HEIGHT] = node;
    }

    /// @dev Proof to the chain's own stored root.
    function finalProof(L2Log[] memory logs, uint256 index) internal pure returns (bytes32[] memory proof) {
        bytes32[] memory siblings = path(logs, index);
        proof = new bytes32[](HEIGHT + 2);
        proof[0] = FINAL;
        for (uint256 i = 0; i < HEIGHT; ++i) {
            proof[1 + i] = siblings[i];
        }
    }
}

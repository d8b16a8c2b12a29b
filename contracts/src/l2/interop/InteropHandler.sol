// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {L2Message} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {WrongChainId} from "../../bridge/BridgeErrors.sol";
import {
    BASE_TOKEN_HOLDER,
    INTEROP_CENTER,
    INTEROP_HANDLER,
    L2_ASSET_ROUTER,
    L2_MESSAGE_VERIFICATION,
    SystemContract
} from "../SystemContract.sol";
import {BUNDLE_MESSAGE, BUNDLE_VERSION, InteropBundle, InteropCall, MessageInclusionProof} from "./Bundle.sol";
import {L2MessageVerification} from "./L2MessageVerification.sol";

/// @title Where bundles of other chains arrive (0x1000e)
/// @notice Anyone brings a bundle with the proof that it was sent; its calls happen once, all of them or none. Whom it
/// calls sees this contract as the caller, and asks `currentCall` who ordered the call.
contract InteropHandler is SystemContract, ReentrancyGuardTransient {
    /// @notice Whether a bundle was executed.
    mapping(bytes32 bundleHash => bool) public isExecuted;

    uint256 private transient _sourceChainId;
    address private transient _caller;

    /// @notice All calls of a bundle happened.
    event InteropBundleExecuted(bytes32 indexed bundleHash, uint256 indexed sourceChainId, address indexed executor);

    /// @notice The bundle was executed before.
    error BundleAlreadyExecuted(bytes32 bundleHash);
    /// @notice The source did not send this, or not there.
    error BundleNotProven(bytes32 bundleHash);
    /// @notice Bundles of this version are not known.
    error UnsupportedBundleVersion(uint8 version);
    /// @notice Only the address that the bundle names may execute it.
    error ExecutionNotAllowed(address executor, address allowed);
    /// @notice A bundle may not order this address about.
    error CallNotAllowed(address to);
    /// @notice A call failed, and so nothing of the bundle happened.
    error BundleCallFailed(uint256 index, bytes reason);
    /// @notice The bundle's calls took more or less than came with it.
    error ValueNotBalanced(uint256 before, uint256 afterwards);
    /// @notice No bundle is being executed.
    error NoCurrentCall();

    /// @notice Takes the value that a bundle's calls then bring.
    receive() external payable {
        _requireCaller(BASE_TOKEN_HOLDER);
    }

    /// @notice Executes a bundle.
    /// @param bundle ABI-encoded `InteropBundle`, as it was sent.
    /// @param proof Where it was sent, and the proof of it.
    function executeBundle(bytes calldata bundle, MessageInclusionProof calldata proof) external nonReentrant {
        InteropBundle memory content = abi.decode(bundle, (InteropBundle));
        bytes32 bundleHash = keccak256(abi.encode(content.sourceChainId, bundle));
        _requireExecutable(content, bundleHash, proof.chainId);
        if (!_isProven(bundle, proof)) revert BundleNotProven(bundleHash);
        isExecuted[bundleHash] = true;

        uint256 before = address(this).balance;
        _sourceChainId = content.sourceChainId;
        for (uint256 i = 0; i < content.calls.length; ++i) {
            _call(i, content.calls[i]);
        }
        _sourceChainId = 0;
        _caller = address(0);
        if (address(this).balance != before) revert ValueNotBalanced(before, address(this).balance);
        emit InteropBundleExecuted(bundleHash, content.sourceChainId, msg.sender);
    }

    /// @notice Who ordered the call that is happening.
    /// @return sourceChainId On which chain.
    /// @return sender Who, there.
    function currentCall() external view returns (uint256 sourceChainId, address sender) {
        if (_sourceChainId == 0) revert NoCurrentCall();
        return (_sourceChainId, _caller);
    }

    // -- parts -------------------------------------------------------------------------------------------------------

    function _requireExecutable(InteropBundle memory content, bytes32 bundleHash, uint256 provenChainId) private view {
        if (content.version != BUNDLE_VERSION) revert UnsupportedBundleVersion(content.version);
        if (content.destinationChainId != block.chainid) {
            revert WrongChainId(content.destinationChainId, block.chainid);
        }
        if (content.sourceChainId != provenChainId) revert WrongChainId(content.sourceChainId, provenChainId);
        if (content.executionAddress != address(0) && content.executionAddress != msg.sender) {
            revert ExecutionNotAllowed(msg.sender, content.executionAddress);
        }
        if (isExecuted[bundleHash]) revert BundleAlreadyExecuted(bundleHash);
    }

    function _isProven(bytes calldata bundle, MessageInclusionProof calldata proof) private view returns (bool) {
        return L2MessageVerification(L2_MESSAGE_VERIFICATION)
            .proveL2MessageInclusionShared(
                proof.chainId,
                proof.l1BatchNumber,
                proof.l2MessageIndex,
                L2Message(proof.txNumberInBatch, INTEROP_CENTER, bytes.concat(BUNDLE_MESSAGE, bundle)),
                proof.proof
            );
    }

    function _call(uint256 index, InteropCall memory ordered) private {
        // The router believes this contract; only what the source's center itself ordered may use that.
        bool fromRouter = ordered.from == L2_ASSET_ROUTER;
        if (ordered.to == INTEROP_HANDLER || (ordered.to == L2_ASSET_ROUTER) != fromRouter) {
            revert CallNotAllowed(ordered.to);
        }
        _caller = ordered.from;
        (bool done, bytes memory reason) = ordered.to.call{value: ordered.value}(ordered.data);
        if (!done) revert BundleCallFailed(index, reason);
    }
}

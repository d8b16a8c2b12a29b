// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IBridgehub} from "../interfaces/IBridgehub.sol";
import {ChainFrozen, InPriorityMode, Unauthorized} from "../common/Errors.sol";
import {ZKChainStorage} from "./ZKChainStorage.sol";

/// @title State of a chain's contract, and who may touch it
abstract contract ZKChainBase is ReentrancyGuardTransient {
    /// @notice The Bridgehub that all chains of the hub share.
    IBridgehub internal immutable BRIDGE_HUB;

    ZKChainStorage internal s;

    /// @notice From here on batches are proven by this program: when the chain is made, and when its key changes.
    event NewProgram(uint256 indexed protocolVersion, address verifier, bytes32 programId);

    constructor(IBridgehub bridgehub) {
        BRIDGE_HUB = bridgehub;
    }

    modifier onlyAdmin() {
        _requireCaller(s.admin);
        _;
    }

    modifier onlyBridgehub() {
        _requireCaller(address(BRIDGE_HUB));
        _;
    }

    modifier onlyChainTypeManager() {
        _requireCaller(s.chainTypeManager);
        _;
    }

    modifier onlyAdminOrChainTypeManager() {
        if (msg.sender != s.chainTypeManager) _requireCaller(s.admin);
        _;
    }

    modifier onlyValidator() {
        if (!s.validators[msg.sender]) revert Unauthorized(msg.sender);
        _;
    }

    modifier onlyValidatorOrChainTypeManager() {
        if (msg.sender != s.chainTypeManager && !s.validators[msg.sender]) revert Unauthorized(msg.sender);
        _;
    }

    modifier whenNotFrozen() {
        _requireNotFrozen();
        _;
    }

    modifier whenNotInPriorityMode() {
        if (s.priorityMode) revert InPriorityMode(s.chainId);
        _;
    }

    function _setProgram(uint256 version, address verifier, bytes32 programId) internal {
        s.protocolVersion = version;
        s.verifier = verifier;
        s.programId = programId;
        emit NewProgram(version, verifier, programId);
    }

    function _requireNotFrozen() internal view {
        if (s.frozen) revert ChainFrozen(s.chainId);
    }

    function _requireCaller(address allowed) internal view {
        if (msg.sender != allowed) revert Unauthorized(msg.sender);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ChainIdNotRegistered, NotAZKChain, RoleAccessDenied, TimeNotReached, Unauthorized} from "./common/Errors.sol";
import {IBridgehub} from "./interfaces/IBridgehub.sol";
import {IZKChain} from "./interfaces/IZKChain.sol";

/// @title Who settles batches, and how long after commit they may be executed
/// @notice One for all chains. Every chain has its own committers, provers, executors and reverters, which its admin
/// appoints. Calls are passed on to the chain as they came. The delay gives time to revert what should not have been
/// accepted; it is the same for all chains.
contract ValidatorTimelock is Ownable2Step {
    using Address for address;

    /// @notice Which roles to give or take.
    struct ValidatorRoles {
        bool committer;
        bool reverter;
        bool prover;
        bool executor;
    }

    bytes32 public constant COMMITTER_ROLE = keccak256("COMMITTER_ROLE");
    bytes32 public constant REVERTER_ROLE = keccak256("REVERTER_ROLE");
    bytes32 public constant PROVER_ROLE = keccak256("PROVER_ROLE");
    bytes32 public constant EXECUTOR_ROLE = keccak256("EXECUTOR_ROLE");

    /// @notice The Bridgehub.
    IBridgehub public immutable BRIDGE_HUB;

    /// @notice Least time between commit and execute, seconds.
    uint32 public executionDelay;
    /// @notice Whether an account has a role on a chain.
    mapping(address chain => mapping(bytes32 role => mapping(address account => bool))) public hasRole;

    mapping(address chain => mapping(uint256 batchNumber => uint32)) private _committedAt;

    event NewExecutionDelay(uint256 newExecutionDelay);
    event RoleGranted(address indexed chainAddress, bytes32 indexed role, address indexed account);
    event RoleRevoked(address indexed chainAddress, bytes32 indexed role, address indexed account);

    modifier onlyRole(address chainAddress, bytes32 role) {
        if (!hasRole[chainAddress][role][msg.sender]) revert RoleAccessDenied(chainAddress, role, msg.sender);
        _;
    }

    /// @param bridgehub The Bridgehub.
    /// @param initialOwner First owner, who sets the delay.
    /// @param initialExecutionDelay First delay, seconds.
    constructor(IBridgehub bridgehub, address initialOwner, uint32 initialExecutionDelay) Ownable(initialOwner) {
        BRIDGE_HUB = bridgehub;
        executionDelay = initialExecutionDelay;
        emit NewExecutionDelay(initialExecutionDelay);
    }

    /// @notice Sets the delay.
    function setExecutionDelay(uint32 newExecutionDelay) external onlyOwner {
        executionDelay = newExecutionDelay;
        emit NewExecutionDelay(newExecutionDelay);
    }

    // -- roles -------------------------------------------------------------------------------------------------------

    /// @notice Gives an account roles on a chain.
    function addValidatorRoles(address chainAddress, address validator, ValidatorRoles memory roles) public {
        _requireChainAdmin(chainAddress);
        _setRoles(chainAddress, validator, roles, true);
    }

    /// @notice Takes roles on a chain from an account.
    function removeValidatorRoles(address chainAddress, address validator, ValidatorRoles memory roles) public {
        _requireChainAdmin(chainAddress);
        _setRoles(chainAddress, validator, roles, false);
    }

    /// @notice Gives an account all roles on a chain.
    function addValidatorForChainId(uint256 chainId, address validator) external {
        addValidatorRoles(_requireChain(chainId), validator, ValidatorRoles(true, true, true, true));
    }

    /// @notice Takes all roles on a chain from an account.
    function removeValidatorForChainId(uint256 chainId, address validator) external {
        removeValidatorRoles(_requireChain(chainId), validator, ValidatorRoles(true, true, true, true));
    }

    /// @notice Whether an account has a role on a chain.
    function hasRoleForChainId(uint256 chainId, bytes32 role, address account) external view returns (bool) {
        return hasRole[BRIDGE_HUB.getZKChain(chainId)][role][account];
    }

    // -- batches -----------------------------------------------------------------------------------------------------

    /// @notice When a batch was committed here last, or zero.
    function getCommittedBatchTimestamp(address chainAddress, uint256 batchNumber) external view returns (uint256) {
        return _committedAt[chainAddress][batchNumber];
    }

    /// @notice Commits batches and notes the time.
    function commitBatchesSharedBridge(address chainAddress, uint256 processFrom, uint256 processTo, bytes calldata)
        external
        onlyRole(chainAddress, COMMITTER_ROLE)
    {
        // The chain refuses bounds that are not exactly the batches of the data: this loop is not longer than those.
        _passOn(chainAddress);
        for (uint256 i = processFrom; i <= processTo; ++i) {
            _committedAt[chainAddress][i] = uint32(block.timestamp);
        }
    }

    /// @notice Marks batches as proven; not delayed.
    function proveBatchesSharedBridge(address chainAddress, uint256, uint256, bytes calldata)
        external
        onlyRole(chainAddress, PROVER_ROLE)
    {
        _passOn(chainAddress);
    }

    /// @notice Executes batches that were committed long enough ago.
    function executeBatchesSharedBridge(address chainAddress, uint256 processFrom, uint256 processTo, bytes calldata)
        external
        onlyRole(chainAddress, EXECUTOR_ROLE)
    {
        uint256 delay = executionDelay;
        for (uint256 i = processFrom; i <= processTo; ++i) {
            uint256 earliest = _committedAt[chainAddress][i] + delay;
            if (block.timestamp < earliest) revert TimeNotReached(earliest, block.timestamp);
        }
        _passOn(chainAddress);
    }

    /// @notice Takes back batches; not delayed.
    function revertBatchesSharedBridge(address chainAddress, uint256) external onlyRole(chainAddress, REVERTER_ROLE) {
        _passOn(chainAddress);
    }

    // -- parts -------------------------------------------------------------------------------------------------------

    /// @dev The chain has these functions with these arguments too.
    function _passOn(address chainAddress) private {
        chainAddress.functionCall(msg.data);
    }

    function _setRoles(address chainAddress, address account, ValidatorRoles memory roles, bool granted) private {
        if (roles.committer) _setRole(chainAddress, COMMITTER_ROLE, account, granted);
        if (roles.reverter) _setRole(chainAddress, REVERTER_ROLE, account, granted);
        if (roles.prover) _setRole(chainAddress, PROVER_ROLE, account, granted);
        if (roles.executor) _setRole(chainAddress, EXECUTOR_ROLE, account, granted);
    }

    function _setRole(address chainAddress, bytes32 role, address account, bool granted) private {
        hasRole[chainAddress][role][account] = granted;
        if (granted) {
            emit RoleGranted(chainAddress, role, account);
        } else {
            emit RoleRevoked(chainAddress, role, account);
        }
    }

    function _requireChain(uint256 chainId) private view returns (address chain) {
        chain = BRIDGE_HUB.getZKChain(chainId);
        if (chain == address(0)) revert ChainIdNotRegistered(chainId);
    }

    /// @dev Asks the Bridgehub whether the address is a chain: anything may say of itself that it is one.
    function _requireChainAdmin(address chainAddress) private view {
        if (chainAddress.code.length == 0) revert NotAZKChain(chainAddress);
        uint256 chainId = IZKChain(chainAddress).getChainId();
        if (BRIDGE_HUB.getZKChain(chainId) != chainAddress) revert NotAZKChain(chainAddress);
        if (IZKChain(chainAddress).getAdmin() != msg.sender) revert Unauthorized(msg.sender);
    }
}

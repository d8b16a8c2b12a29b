// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {
    AddressHasNoCode,
    ChainIdNotRegistered,
    FactoryDepsNotSupported,
    NoUpgradeAvailable,
    ProtocolVersionNotGreater,
    Unauthorized,
    VerifierNotAllowed
} from "./common/Errors.sol";
import {ChainIdentity, ChainInitData} from "./chain/ZKChainStorage.sol";
import {ZKChain} from "./chain/ZKChain.sol";
import {IBridgehub} from "./interfaces/IBridgehub.sol";
import {IChainTypeManager} from "./interfaces/IChainTypeManager.sol";
import {IZKChain} from "./interfaces/IZKChain.sol";

/// @title Creates chains of one kind and governs what they may run
/// @notice Every chain is a proxy of its own whose code is a version's implementation; its admin moves it from version
/// to version, one by one. A version that is over cannot commit any more.
contract ChainTypeManager is IChainTypeManager, Ownable2Step {
    /// @notice The Bridgehub.
    IBridgehub public immutable BRIDGE_HUB;
    /// @notice May settle batches of every chain created here; asks for roles itself.
    address public immutable validatorTimelock;

    /// @notice Version of new chains, packed as major << 64 | minor << 32 | patch.
    uint256 public protocolVersion;
    /// @notice Code of a version.
    mapping(uint256 version => address) public implementation;
    /// @notice Last second in which chains may commit under a version; zero for versions that never were.
    mapping(uint256 version => uint256) public protocolVersionDeadline;
    /// @notice The version that follows a version, or zero.
    mapping(uint256 version => uint256) public nextProtocolVersion;
    /// @notice Whether new chains may use a verifier.
    mapping(address verifier => bool) public verifierIsAllowed;

    event NewZKChain(uint256 indexed chainId, address indexed zkChain);
    event NewProtocolVersion(uint256 indexed oldProtocolVersion, uint256 indexed newProtocolVersion);
    event UpdateProtocolVersionDeadline(uint256 indexed protocolVersion, uint256 deadline);
    event VerifierAllowed(address indexed verifier, bool allowed);

    /// @param bridgehub The Bridgehub.
    /// @param timelock The validator timelock.
    /// @param initialOwner First owner.
    /// @param version First version.
    /// @param firstImplementation Its code.
    /// @param verifier First verifier that is allowed.
    constructor(
        IBridgehub bridgehub,
        address timelock,
        address initialOwner,
        uint256 version,
        address firstImplementation,
        address verifier
    ) Ownable(initialOwner) {
        BRIDGE_HUB = bridgehub;
        validatorTimelock = timelock;
        _addVersion(version, firstImplementation);
        _allowVerifier(verifier, true);
    }

    // -- chains ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IChainTypeManager
    /// @dev The address follows from the chain's id and what it is created with.
    function createNewChain(
        uint256 chainId,
        bytes32 baseTokenAssetId,
        address admin,
        bytes calldata initData,
        bytes[] calldata factoryDeps
    ) external returns (address chain) {
        if (msg.sender != address(BRIDGE_HUB)) revert Unauthorized(msg.sender);
        if (factoryDeps.length != 0) revert FactoryDepsNotSupported(factoryDeps.length);
        ChainInitData memory init = abi.decode(initData, (ChainInitData));
        if (!verifierIsAllowed[init.verifier]) revert VerifierNotAllowed(init.verifier);
        ChainIdentity memory identity = ChainIdentity({
            chainId: chainId,
            baseTokenAssetId: baseTokenAssetId,
            admin: admin,
            validatorTimelock: validatorTimelock,
            protocolVersion: protocolVersion
        });
        bytes memory initialize = abi.encodeCall(ZKChain.initialize, (identity, init));
        chain = address(new ERC1967Proxy{salt: bytes32(chainId)}(implementation[protocolVersion], initialize));
        emit NewZKChain(chainId, chain);
    }

    /// @notice The chain's contract, or zero.
    function getZKChain(uint256 chainId) public view returns (address) {
        return BRIDGE_HUB.getZKChain(chainId);
    }

    /// @notice The chain's admin.
    function getChainAdmin(uint256 chainId) external view returns (address) {
        return _requireChain(chainId).getAdmin();
    }

    // -- versions ----------------------------------------------------------------------------------------------------

    /// @notice Adds a version; new chains start with it.
    /// @param newVersion Greater than the last.
    /// @param newImplementation Its code.
    /// @param oldDeadline Last second in which chains may commit under the version before it.
    function setNewVersion(uint256 newVersion, address newImplementation, uint256 oldDeadline) external onlyOwner {
        uint256 oldVersion = protocolVersion;
        _setDeadline(oldVersion, oldDeadline);
        nextProtocolVersion[oldVersion] = newVersion;
        _addVersion(newVersion, newImplementation);
    }

    /// @notice Sets the last second in which chains may commit under a version.
    function setProtocolVersionDeadline(uint256 version, uint256 deadline) external onlyOwner {
        _setDeadline(version, deadline);
    }

    /// @inheritdoc IChainTypeManager
    function protocolVersionIsActive(uint256 version) external view returns (bool) {
        return block.timestamp <= protocolVersionDeadline[version];
    }

    /// @inheritdoc IChainTypeManager
    function upgradeFrom(uint256 version) external view returns (uint256 newVersion, address newImplementation) {
        newVersion = nextProtocolVersion[version];
        if (newVersion == 0) revert NoUpgradeAvailable(version);
        newImplementation = implementation[newVersion];
    }

    /// @notice Lets new chains use a verifier, or not.
    function setVerifier(address verifier, bool allowed) external onlyOwner {
        _allowVerifier(verifier, allowed);
    }

    // -- emergencies -------------------------------------------------------------------------------------------------

    /// @notice Stops a chain's requests, settlement and proofs.
    function freezeChain(uint256 chainId) external onlyOwner {
        _requireChain(chainId).freezeDiamond();
    }

    /// @notice Undoes `freezeChain`.
    function unfreezeChain(uint256 chainId) external onlyOwner {
        _requireChain(chainId).unfreezeDiamond();
    }

    /// @notice Takes back a chain's batches after `newLastBatch` that are not executed.
    function revertBatches(uint256 chainId, uint256 newLastBatch) external onlyOwner {
        IZKChain chain = _requireChain(chainId);
        chain.revertBatchesSharedBridge(address(chain), newLastBatch);
    }

    /// @notice Ends a chain's priority mode.
    function deactivatePriorityMode(uint256 chainId) external onlyOwner {
        _requireChain(chainId).deactivatePriorityMode();
    }

    /// @notice Sets the gas one request to a chain may ask for.
    function setPriorityTxMaxGasLimit(uint256 chainId, uint256 newLimit) external onlyOwner {
        _requireChain(chainId).setPriorityTxMaxGasLimit(newLimit);
    }

    // -- parts -------------------------------------------------------------------------------------------------------

    function _requireChain(uint256 chainId) private view returns (IZKChain) {
        address chain = getZKChain(chainId);
        if (chain == address(0)) revert ChainIdNotRegistered(chainId);
        return IZKChain(chain);
    }

    function _addVersion(uint256 version, address newImplementation) private {
        uint256 oldVersion = protocolVersion;
        if (version <= oldVersion) revert ProtocolVersionNotGreater(oldVersion, version);
        if (newImplementation.code.length == 0) revert AddressHasNoCode(newImplementation);
        protocolVersion = version;
        implementation[version] = newImplementation;
        emit NewProtocolVersion(oldVersion, version);
        _setDeadline(version, type(uint256).max);
    }

    function _setDeadline(uint256 version, uint256 deadline) private {
        protocolVersionDeadline[version] = deadline;
        emit UpdateProtocolVersionDeadline(version, deadline);
    }

    function _allowVerifier(address verifier, bool allowed) private {
        if (allowed && verifier.code.length == 0) revert AddressHasNoCode(verifier);
        verifierIsAllowed[verifier] = allowed;
        emit VerifierAllowed(verifier, allowed);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {
    AddressHasNoCode,
    ChainIdNotRegistered,
    FactoryDepsNotSupported,
    NoUpgradeAvailable,
    ProgramIdZero,
    ProtocolVersionNotGreater,
    ProtocolVersionNotPacked,
    Unauthorized
} from "./common/Errors.sol";
import {ChainIdentity, ChainInitData} from "./chain/ZKChainStorage.sol";
import {ZKChain} from "./chain/ZKChain.sol";
import {IBridgehub} from "./interfaces/IBridgehub.sol";
import {IChainTypeManager, VersionData} from "./interfaces/IChainTypeManager.sol";
import {IZKChain} from "./interfaces/IZKChain.sol";
import {SemVer} from "./libraries/SemVer.sol";

/// @title Creates chains of one kind and governs what they may run
/// @notice Every chain is a proxy of its own. A version is the code it runs, the verifier it asks and the program whose
/// proofs it accepts; the owner here publishes versions, and the chain's admin moves it from one to the next. A version
/// that is over cannot commit any more.
contract ChainTypeManager is IChainTypeManager, Ownable2Step {
    /// @notice The Bridgehub.
    IBridgehub public immutable BRIDGE_HUB;
    /// @notice May settle batches of every chain created here; asks for roles itself.
    address public immutable validatorTimelock;

    /// @notice Version of new chains, packed as major << 64 | minor << 32 | patch.
    uint256 public protocolVersion;
    /// @notice Last second in which chains may commit under a version; zero for versions that never were.
    mapping(uint256 version => uint256) public protocolVersionDeadline;
    /// @notice The version that follows a version, or zero.
    mapping(uint256 version => uint256) public nextProtocolVersion;
    mapping(uint256 version => VersionData) private _versions;

    event NewZKChain(uint256 indexed chainId, address indexed zkChain);
    event NewProtocolVersion(uint256 indexed oldProtocolVersion, uint256 indexed newProtocolVersion);
    event UpdateProtocolVersionDeadline(uint256 indexed protocolVersion, uint256 deadline);
    event NewVersionData(uint256 indexed protocolVersion, address implementation, address verifier, bytes32 programId);

    /// @param bridgehub The Bridgehub.
    /// @param timelock The validator timelock.
    /// @param initialOwner First owner.
    /// @param version First version.
    /// @param data What it is.
    constructor(IBridgehub bridgehub, address timelock, address initialOwner, uint256 version, VersionData memory data)
        Ownable(initialOwner)
    {
        BRIDGE_HUB = bridgehub;
        validatorTimelock = timelock;
        _addVersion(version, data);
    }

    // -- chains ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IChainTypeManager
    /// @dev The chain starts with the newest version. Its address follows from its id and what it is created with.
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
        VersionData memory version = _versions[protocolVersion];
        ChainIdentity memory identity = ChainIdentity({
            chainId: chainId,
            baseTokenAssetId: baseTokenAssetId,
            admin: admin,
            validatorTimelock: validatorTimelock,
            protocolVersion: protocolVersion,
            verifier: version.verifier,
            programId: version.programId
        });
        bytes memory initialize = abi.encodeCall(ZKChain.initialize, (identity, init));
        chain = address(new ERC1967Proxy{salt: bytes32(chainId)}(version.implementation, initialize));
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

    /// @notice The version that a chain is on.
    function getProtocolVersion(uint256 chainId) external view returns (uint256) {
        return _requireChain(chainId).getProtocolVersion();
    }

    // -- versions ----------------------------------------------------------------------------------------------------

    /// @notice The newest version as (major, minor, patch).
    function getSemverProtocolVersion() external view returns (uint32, uint32, uint32) {
        return SemVer.unpack(protocolVersion);
    }

    /// @notice Code of a version; zero for one that never was.
    function implementation(uint256 version) external view returns (address) {
        return _versions[version].implementation;
    }

    /// @notice Verifier of a version; zero for one that never was.
    function protocolVersionVerifier(uint256 version) external view returns (address) {
        return _versions[version].verifier;
    }

    /// @notice Batch program of a version; zero for one that never was.
    function protocolVersionProgramId(uint256 version) external view returns (bytes32) {
        return _versions[version].programId;
    }

    /// @notice Publishes a version; new chains start with it, and admins may move their chains to it.
    /// @param newVersion Greater than the last.
    /// @param data What it is.
    /// @param oldDeadline Last second in which chains may commit under the version before it.
    function setNewVersion(uint256 newVersion, VersionData calldata data, uint256 oldDeadline) external onlyOwner {
        uint256 oldVersion = protocolVersion;
        _setDeadline(oldVersion, oldDeadline);
        nextProtocolVersion[oldVersion] = newVersion;
        _addVersion(newVersion, data);
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
    function upgradeFrom(uint256 version) external view returns (uint256 newVersion, VersionData memory data) {
        newVersion = nextProtocolVersion[version];
        if (newVersion == 0) revert NoUpgradeAvailable(version);
        data = _versions[newVersion];
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

    function _addVersion(uint256 version, VersionData memory data) private {
        uint256 oldVersion = protocolVersion;
        if (version <= oldVersion) revert ProtocolVersionNotGreater(oldVersion, version);
        if (!SemVer.isPacked(version)) revert ProtocolVersionNotPacked(version);
        if (data.implementation.code.length == 0) revert AddressHasNoCode(data.implementation);
        if (data.verifier.code.length == 0) revert AddressHasNoCode(data.verifier);
        if (data.programId == bytes32(0)) revert ProgramIdZero();
        protocolVersion = version;
        _versions[version] = data;
        emit NewProtocolVersion(oldVersion, version);
        emit NewVersionData(version, data.implementation, data.verifier, data.programId);
        _setDeadline(version, type(uint256).max);
    }

    function _setDeadline(uint256 version, uint256 deadline) private {
        protocolVersionDeadline[version] = deadline;
        emit UpdateProtocolVersionDeadline(version, deadline);
    }
}

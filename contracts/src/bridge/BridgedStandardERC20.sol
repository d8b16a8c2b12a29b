// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {BridgeData} from "./BridgeData.sol";

/// @title A token away from home
/// @notice What a native token vault hands out for a token that was born on another chain. Only the vault that created
/// it makes and destroys it. One implementation stands behind the beacon proxies of all such tokens.
contract BridgedStandardERC20 is ERC20, Initializable {
    /// @notice The vault.
    address public nativeTokenVault;
    /// @notice Asset id of the token.
    bytes32 public assetId;
    /// @notice The token where it was born.
    address public originToken;

    string private _tokenName;
    string private _tokenSymbol;
    uint8 private _tokenDecimals;

    event BridgeInitialize(address indexed l1Token, string name, string symbol, uint8 decimals);
    event BridgeMint(address indexed account, uint256 amount);
    event BridgeBurn(address indexed account, uint256 amount);

    /// @notice The caller is not the vault.
    error OnlyVault(address caller, address vault);

    modifier onlyVault() {
        if (msg.sender != nativeTokenVault) revert OnlyVault(msg.sender, nativeTokenVault);
        _;
    }

    constructor() ERC20("", "") {
        _disableInitializers();
    }

    /// @notice Names the token. The vault calls this in the transaction that creates the proxy.
    function bridgeInitialize(bytes32 newAssetId, address newOriginToken, BridgeData.Metadata calldata metadata)
        external
        initializer
    {
        nativeTokenVault = msg.sender;
        assetId = newAssetId;
        originToken = newOriginToken;
        _tokenName = BridgeData.toText(metadata.name);
        _tokenSymbol = BridgeData.toText(metadata.symbol);
        _tokenDecimals = BridgeData.toDecimals(metadata.decimals);
        emit BridgeInitialize(newOriginToken, _tokenName, _tokenSymbol, _tokenDecimals);
    }

    /// @notice Makes tokens that arrived.
    function bridgeMint(address account, uint256 amount) external onlyVault {
        _mint(account, amount);
        emit BridgeMint(account, amount);
    }

    /// @notice Destroys tokens that leave.
    function bridgeBurn(address account, uint256 amount) external onlyVault {
        _burn(account, amount);
        emit BridgeBurn(account, amount);
    }

    /// @inheritdoc ERC20
    function name() public view override returns (string memory) {
        return _tokenName;
    }

    /// @inheritdoc ERC20
    function symbol() public view override returns (string memory) {
        return _tokenSymbol;
    }

    /// @inheritdoc ERC20
    function decimals() public view override returns (uint8) {
        return _tokenDecimals;
    }

    /// @notice The token where it was born; the name that clients of ZK Stack ask for.
    function l1Address() external view returns (address) {
        return originToken;
    }
}

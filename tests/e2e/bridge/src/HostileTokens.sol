// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev The least that passes for an ERC-20, so that nothing but what a heir does stands between it and the bridge.
abstract contract PlainToken {
    string public name = "Hostile";
    string public symbol = "HOST";
    uint8 public decimals = 18;
    uint256 public totalSupply;
    mapping(address owner => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    function mint(address account, uint256 amount) external {
        totalSupply += amount;
        balanceOf[account] += amount;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        allowance[from][msg.sender] -= amount;
        _move(from, to, amount);
        return true;
    }

    function _move(address from, address to, uint256 amount) internal virtual {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @dev Keeps a tenth of whatever is moved.
contract FeeToken is PlainToken {
    function _move(address from, address to, uint256 amount) internal override {
        super._move(from, to, amount);
        balanceOf[to] -= amount / 10;
        totalSupply -= amount / 10;
    }
}

/// @dev Does what it was told to when it is moved, or paid, and remembers what came of it. It can own ether and itself.
contract ReentrantToken is PlainToken {
    struct Order {
        address target;
        uint256 value;
        bytes data;
    }

    struct Outcome {
        bool succeeded;
        bytes answer;
    }

    Order[] private _orders;
    Outcome[] private _outcomes;
    bool private _insists;
    bytes32 private _topic;
    bytes private _said;

    error Insisted(bytes answer);

    receive() external payable {
        _obey();
    }

    /// @dev Orders for the next move, or payment. One that insists fails when one of them does.
    function arm(Order[] calldata orders, bool insists) external {
        delete _orders;
        delete _outcomes;
        for (uint256 i = 0; i < orders.length; ++i) {
            _orders.push(orders[i]);
        }
        _insists = insists;
    }

    /// @dev From now on every move is an occasion to log this, such as what the bridge's contracts log.
    function announce(bytes32 topic, bytes calldata said) external {
        _topic = topic;
        _said = said;
    }

    /// @dev Acts at once: approvals, deposits and the like in its own name.
    function act(Order calldata order) external {
        (bool done, bytes memory answer) = order.target.call{value: order.value}(order.data);
        if (!done) revert Insisted(answer);
    }

    function outcomes() external view returns (Outcome[] memory) {
        return _outcomes;
    }

    function _move(address from, address to, uint256 amount) internal override {
        super._move(from, to, amount);
        if (_topic != 0) _log();
        _obey();
    }

    function _obey() private {
        Order[] memory orders = _orders;
        // Each move's orders once, so that what is inside of it finds none.
        delete _orders;
        for (uint256 i = 0; i < orders.length; ++i) {
            (bool done, bytes memory answer) = orders[i].target.call{value: orders[i].value}(orders[i].data);
            if (!done && _insists) revert Insisted(answer);
            _outcomes.push(Outcome(done, answer));
        }
    }

    function _log() private {
        bytes32 topic = _topic;
        bytes memory said = _said;
        assembly ("memory-safe") {
            log1(add(said, 32), mload(said), topic)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Counter} from "../src/Counter.sol";

interface Cheats {
    function startBroadcast() external;
    function stopBroadcast() external;
}

/// @title What a forge user's script does: deploy, call, check
contract Deploy {
    Cheats private constant CHEATS = Cheats(address(uint160(uint256(keccak256("hevm cheat code")))));

    bool public constant IS_SCRIPT = true;

    function run() external returns (Counter counter) {
        CHEATS.startBroadcast();
        counter = new Counter{value: 5}(40);
        counter.increase(2);
        counter.increase(8);
        CHEATS.stopBroadcast();
        require(counter.number() == 50, "the number must be 50");
    }
}

// Hardhat against a chain that is already running; the compiler is the npm one, so nothing is downloaded.
require("@nomicfoundation/hardhat-ethers");
const { subtask } = require("hardhat/config");
const { TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD } = require("hardhat/builtin-tasks/task-names");

subtask(TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD, async ({ solcVersion }) => ({
  compilerPath: process.env.SOLJSON,
  isSolcJs: true,
  version: solcVersion,
  longVersion: solcVersion,
}));

const out = process.env.HARDHAT_OUT ?? "out";

module.exports = {
  paths: { sources: "src", artifacts: `${out}/artifacts`, cache: `${out}/cache` },
  solidity: { version: "0.8.28", settings: { evmVersion: "cancun" } },
  networks: { zkhub: { url: process.env.RPC_URL ?? "http://127.0.0.1:1", accounts: process.env.KEY ? [process.env.KEY] : [] } },
};

// What a viem user does, with an unmodified viem: deploy, send, read, listen, be refused.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  http,
  parseEther,
  webSocket,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { chainConfig } from "viem/zksync";

const { RPC_URL, WS_URL, KEY, ARTIFACT, ZK } = process.env;
const { abi, bytecode } = JSON.parse(readFileSync(ARTIFACT, "utf8"));
const account = privateKeyToAccount(KEY);
const bare = createPublicClient({ transport: http(RPC_URL) });
const id = await bare.getChainId();
const chain = defineChain({
  ...(ZK ? chainConfig : {}),
  id,
  name: "test",
  nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  rpcUrls: { default: { http: [RPC_URL], webSocket: [WS_URL] } },
});
const reader = createPublicClient({ chain, transport: http(), pollingInterval: 100 });
const batching = createPublicClient({ chain, transport: http(RPC_URL, { batch: true }), pollingInterval: 100 });
const wallet = createWalletClient({ account, chain, transport: http() });
const socket = createPublicClient({ chain, transport: webSocket() });

const heads = [];
const seen = [];
const stopHeads = socket.watchBlocks({ onBlock: (block) => heads.push(block.number) });
await new Promise((done) => setTimeout(done, 300)); // The subscription opens in the background.

// Deploy, and wait as a user waits.
const deployHash = await wallet.deployContract({ abi, bytecode, args: [40n], value: 5n });
const deployed = await reader.waitForTransactionReceipt({ hash: deployHash });
assert.equal(deployed.status, "success");
const address = deployed.contractAddress;
assert.equal(await reader.getBalance({ address }), 5n);
assert.ok((await reader.getCode({ address })).length > 100);

const stopEvents = socket.watchContractEvent({ address, abi, eventName: "Increased", onLogs: (logs) => seen.push(...logs) });
await new Promise((done) => setTimeout(done, 300));

// Simulate, write, read back.
const { request, result } = await reader.simulateContract({ address, abi, functionName: "increase", args: [2n], account });
assert.equal(result, 42n);
const hash = await wallet.writeContract(request);
const receipt = await batching.waitForTransactionReceipt({ hash });
assert.equal(receipt.status, "success");
assert.equal(receipt.logs.length, 1);
if (ZK) assert.deepEqual(receipt.l2ToL1Logs, []);
const [number, given, transaction, block] = await Promise.all([
  batching.readContract({ address, abi, functionName: "number" }),
  batching.readContract({ address, abi, functionName: "given", args: [account.address] }),
  batching.getTransaction({ hash }),
  batching.getBlock({ blockNumber: receipt.blockNumber, includeTransactions: true }),
]);
assert.equal(number, 42n);
assert.equal(given, 2n);
assert.equal(transaction.blockNumber, receipt.blockNumber);
assert.ok(block.transactions.some((each) => each.hash === hash));

// Events: by range, and by polling filters.
const events = await reader.getContractEvents({ address, abi, eventName: "Increased", fromBlock: deployed.blockNumber });
assert.equal(events[0].args.number, 42n);
assert.deepEqual(await reader.getContractEvents({ address, abi, eventName: "Increased", args: { amount: 3n } }), []);
const filter = await reader.createContractEventFilter({ address, abi, eventName: "Increased" });
await reader.waitForTransactionReceipt({
  hash: await wallet.writeContract({ address, abi, functionName: "increase", args: [8n] }),
});
assert.equal((await reader.getFilterChanges({ filter }))[0].args.number, 50n);
assert.ok(await reader.uninstallFilter({ filter }));

// Reasons for a revert arrive decoded.
async function reason(promise) {
  const error = await promise.then(() => assert.fail("it must revert"), (each) => each);
  assert.ok(error instanceof BaseError, error);
  return error.walk((each) => each instanceof ContractFunctionRevertedError);
}
const stranger = "0x000000000000000000000000000000000000dEaD";
const refused = await reason(reader.simulateContract({ address, abi, functionName: "reset", account: stranger }));
assert.equal(refused.data.errorName, "NotOwner");
assert.deepEqual(refused.data.args, [stranger]);
assert.equal((await reason(reader.simulateContract({ address, abi, functionName: "increase", args: [0n] }))).reason, "nothing to add");
await assert.rejects(wallet.writeContract({ address, abi, functionName: "increase", args: [0n] }), /nothing to add/);
await assert.rejects(wallet.sendTransaction({ to: stranger, value: parseEther("1000000") }), /exceeds the balance|insufficient funds/);
await assert.rejects(wallet.sendTransaction({ to: stranger, nonce: 0 }), /lower than the current nonce|nonce too low/i);

// State overrides, fees, proofs.
const overridden = await reader.readContract({
  address, abi, functionName: "number",
  stateOverride: [{ address, stateDiff: [{ slot: `0x${"00".repeat(32)}`, value: `0x${"ff".padStart(64, "0")}` }] }],
});
assert.equal(overridden, 255n);
const history = await reader.getFeeHistory({ blockCount: 3, rewardPercentiles: [25, 75] });
assert.equal(history.baseFeePerGas.length, history.gasUsedRatio.length + 1);
const proof = await reader.getProof({ address, storageKeys: [`0x${"00".repeat(32)}`] });
assert.equal(proof.storageProof[0].value, 50n);
const list = await reader.request({ method: "eth_createAccessList", params: [{ to: address, data: "0x8381f58a" }, "latest"] });
assert.equal(list.accessList[0].storageKeys.length, 1);

// A legacy and an access-list transaction.
for (const type of ["legacy", "eip2930"]) {
  const sent = await wallet.sendTransaction({ to: stranger, value: 1n, type, ...(type === "eip2930" ? { accessList: [] } : {}) });
  assert.equal((await reader.waitForTransactionReceipt({ hash: sent })).type, type);
}
const finalized = await reader.getBlock({ blockTag: "finalized" });
assert.notEqual(finalized.number, null);

await new Promise((done) => setTimeout(done, 500));
stopHeads();
stopEvents();
assert.ok(heads.length >= 5, `${heads.length} heads`);
assert.deepEqual(seen.map((log) => log.args.number), [42n, 50n]);
console.log(JSON.stringify({ address, hash, heads: heads.length }));
process.exit(0);

// The bridge as a viem user knows it: deposit, call from L1, withdraw, claim; ether and an ERC-20; balances to the wei.
import assert from "node:assert/strict";
import { createPublicClient, createWalletClient, defineChain, encodeFunctionData, http, parseAbi, zeroAddress } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import {
  chainConfig,
  getL2HashFromPriorityOp,
  legacyEthAddress,
  publicActionsL1,
  publicActionsL2,
  walletActionsL1,
  walletActionsL2,
} from "viem/zksync";

const { L1_URL, RPC_URL, KEY, TOKEN } = process.env;
const account = privateKeyToAccount(KEY);
const ether = { name: "Ether", symbol: "ETH", decimals: 18 };
const idAt = (url) => createPublicClient({ transport: http(url) }).getChainId();
const l1Chain = defineChain({ id: await idAt(L1_URL), name: "l1", nativeCurrency: ether, rpcUrls: { default: { http: [L1_URL] } } });
const l2Chain = defineChain({
  ...chainConfig, id: await idAt(RPC_URL), name: "l2", nativeCurrency: ether, rpcUrls: { default: { http: [RPC_URL] } },
});
const pollingInterval = 100;
const l1 = createPublicClient({ chain: l1Chain, transport: http(), pollingInterval }).extend(publicActionsL1());
const l1Wallet = createWalletClient({ account, chain: l1Chain, transport: http(), pollingInterval })
  .extend(walletActionsL1()).extend(publicActionsL1());
const l2 = createPublicClient({ chain: l2Chain, transport: http(), pollingInterval }).extend(publicActionsL2());
const l2Wallet = createWalletClient({ account, chain: l2Chain, transport: http(), pollingInterval })
  .extend(walletActionsL2()).extend(publicActionsL2());
const erc20 = parseAbi(["function balanceOf(address) view returns (uint256)", "function decimals() view returns (uint8)"]);
const balanceOf = (client, address, owner) => client.readContract({ address, abi: erc20, functionName: "balanceOf", args: [owner] });
const diamond = await l2.getMainContractAddress();
assert.equal(Number(await l2.getL1ChainId()), l1Chain.id);

// The L2 half of something L1 was asked for; returns the L2 receipt.
async function arrived(l1Hash) {
  const receipt = await l1.waitForTransactionReceipt({ hash: l1Hash });
  assert.equal(receipt.status, "success");
  const hash = getL2HashFromPriorityOp(receipt, diamond);
  return l2.waitForTransactionReceipt({ hash });
}

async function until(condition, limitS = 90) {
  for (const end = Date.now() + limitS * 1000; Date.now() < end; await new Promise((done) => setTimeout(done, 200))) {
    if (await condition()) return;
  }
  assert.fail("it did not happen in time");
}

// Waits until a withdrawal can be claimed, claims it once, and is refused the second time.
async function claim(hash) {
  const { l2ToL1Logs } = await l2.waitForTransactionReceipt({ hash });
  assert.equal(l2ToL1Logs.length, 1);
  await until(() => l2.getLogProof({ txHash: hash, index: 0 }));
  assert.equal(await l1.isWithdrawalFinalized({ client: l2, hash }), false);
  const claimed = await l1.waitForTransactionReceipt({ hash: await l1Wallet.finalizeWithdrawal({ client: l2, hash }) });
  assert.equal(claimed.status, "success");
  assert.equal(await l1.isWithdrawalFinalized({ client: l2, hash }), true);
  await assert.rejects(l1Wallet.finalizeWithdrawal({ client: l2, hash }));
}

// Ether there, to somebody who has none.
const stranger = privateKeyToAccount(generatePrivateKey()).address;
const amount = 123_456_789_012_345_678n;
const deposited = await arrived(await l1Wallet.deposit({ client: l2, token: legacyEthAddress, amount, to: stranger, refundRecipient: account.address }));
assert.equal(deposited.status, "success");
assert.equal(await l2.getBalance({ address: stranger }), amount);

// Ether back, to the same stranger on L1.
const before = await l2.getBalance({ address: account.address });
const withdrawn = await l2Wallet.withdraw({ token: legacyEthAddress, amount: 7n, to: stranger });
const receipt = await l2.waitForTransactionReceipt({ hash: withdrawn });
assert.equal(await l2.getBalance({ address: account.address }), before - 7n - receipt.gasUsed * receipt.effectiveGasPrice);
await claim(withdrawn);
assert.equal(await l1.getBalance({ address: stranger }), 7n);

// An ERC-20 there; the first deposit makes its copy on the chain.
const had = await balanceOf(l1, TOKEN, account.address);
const tokens = await arrived(
  await l1Wallet.deposit({ client: l2, token: TOKEN, amount: 1_000n, to: account.address, approveToken: true, refundRecipient: account.address }),
);
assert.equal(tokens.status, "success");
assert.equal(await balanceOf(l1, TOKEN, account.address), had - 1_000n);
const copy = await l2.getL2TokenAddress({ token: TOKEN });
assert.notEqual(copy, zeroAddress);
assert.equal((await l2.getL1TokenAddress({ token: copy })).toLowerCase(), TOKEN.toLowerCase());
const onChain = await balanceOf(l2, copy, account.address);
assert.ok(onChain >= 1_000n);

// And back.
const home = await l2Wallet.withdraw({ token: copy, amount: 400n, to: stranger });
assert.equal((await l2.waitForTransactionReceipt({ hash: home })).status, "success");
assert.equal(await balanceOf(l2, copy, account.address), onChain - 400n);
await claim(home);
assert.equal(await balanceOf(l1, TOKEN, stranger), 400n);

// A call on the chain, asked for on L1: it withdraws, without a transaction on the chain.
const request = await arrived(
  await l1Wallet.requestExecute({
    client: l2,
    contractAddress: "0x000000000000000000000000000000000000800a",
    calldata: encodeFunctionData({ abi: parseAbi(["function withdraw(address) payable"]), args: [stranger] }),
    l2Value: 11n,
  }),
);
assert.equal(request.status, "success");
assert.ok(request.l2ToL1Logs.length >= 1);

// More than there is, and a token that is none.
await assert.rejects(l1Wallet.deposit({ client: l2, token: TOKEN, amount: 10n ** 40n, to: account.address, approveToken: true }));
await assert.rejects(l2Wallet.withdraw({ token: copy, amount: 10n ** 30n }));
console.log(JSON.stringify({ stranger, copy, amount: amount.toString() }));

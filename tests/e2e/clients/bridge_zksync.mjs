// The bridge as a zksync-ethers user knows it, with the library's own transaction type for what it sends on the chain.
import assert from "node:assert/strict";
import { Contract, JsonRpcProvider, Wallet as EthersWallet } from "ethers";
import { Provider, Wallet, utils } from "zksync-ethers";

const { L1_URL, RPC_URL, KEY, TOKEN } = process.env;
const provider = new Provider(RPC_URL);
// Without a cache: this L1 makes a block at once, and a nonce of a moment ago is old.
const l1 = new JsonRpcProvider(L1_URL, undefined, { cacheTimeout: -1, pollingInterval: 100 });
const wallet = new Wallet(KEY, provider, l1);
const stranger = EthersWallet.createRandom().address;
const erc20 = ["function balanceOf(address) view returns (uint256)"];
const onL1 = new Contract(TOKEN, erc20, l1);

// Waits for finality, claims once, and is refused the second time.
async function claim(sent, receipt) {
  await sent.waitFinalize();
  assert.equal(await wallet.isWithdrawalFinalized(sent.hash), false);
  const claimed = await (await wallet.finalizeWithdrawal(sent.hash)).wait();
  assert.equal(claimed.status, 1);
  assert.equal(await wallet.isWithdrawalFinalized(sent.hash), true);
  await assert.rejects(wallet.finalizeWithdrawal(sent.hash));
  assert.equal(receipt.l2ToL1Logs.length, 1);
}

// Ether there; the response follows it through both layers.
const amount = 987_654_321_012_345_678n;
const deposit = await wallet.deposit({ token: utils.ETH_ADDRESS, amount, to: stranger, refundRecipient: wallet.address });
assert.equal((await deposit.waitL1Commit()).status, 1);
assert.equal((await deposit.wait()).status, 1);
assert.equal(await provider.getBalance(stranger), amount);

// Ether back, as type 0x71.
const before = await provider.getBalance(wallet.address);
const withdrawal = await wallet.withdraw({ token: utils.ETH_ADDRESS, amount: 9n, to: stranger });
assert.equal(withdrawal.type, utils.EIP712_TX_TYPE);
const withdrawn = await withdrawal.wait();
assert.equal(withdrawn.status, 1);
assert.equal(await provider.getBalance(wallet.address), before - 9n - withdrawn.gasUsed * withdrawn.gasPrice);
await claim(withdrawal, withdrawn);
assert.equal(await l1.getBalance(stranger), 9n);

// An ERC-20 there.
const had = await onL1.balanceOf(wallet.address);
const tokens = await wallet.deposit({ token: TOKEN, amount: 2_000n, approveERC20: true, refundRecipient: wallet.address });
assert.equal((await tokens.wait()).status, 1);
assert.equal(await onL1.balanceOf(wallet.address), had - 2_000n);
const copy = await wallet.l2TokenAddress(TOKEN);
assert.equal((await provider.l1TokenAddress(copy)).toLowerCase(), TOKEN.toLowerCase());
const onChain = await wallet.getBalance(copy);
assert.ok(onChain >= 2_000n);

// Sent on, and back.
const given = await wallet.transfer({ token: copy, to: stranger, amount: 300n });
assert.equal((await given.wait()).type, utils.EIP712_TX_TYPE);
const home = await wallet.withdraw({ token: copy, amount: 700n, to: stranger });
const left = await home.wait();
assert.equal(left.status, 1);
assert.equal(await wallet.getBalance(copy), onChain - 1_000n);
await claim(home, left);
assert.equal(await onL1.balanceOf(stranger), 700n);

// The same with a plain transaction.
const plain = await wallet.withdraw({ token: utils.ETH_ADDRESS, amount: 1n, to: stranger, overrides: { type: 2 } });
await claim(plain, await plain.wait());
assert.equal(await l1.getBalance(stranger), 10n);

// Asked for on L1.
const request = await wallet.requestExecute({ contractAddress: stranger, calldata: "0x", l2Value: 13n });
assert.equal((await request.wait()).status, 1);
assert.equal(await provider.getBalance(stranger), amount + 13n);

await assert.rejects(wallet.withdraw({ token: copy, amount: 10n ** 30n }));
console.log(JSON.stringify({ stranger, copy, amount: (amount + 13n).toString() }));
process.exit(0);

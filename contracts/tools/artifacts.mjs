#!/usr/bin/env node
// Writes artifacts/*.json from what forge compiled, or, with --check, proves that they are what the sources give.
// Run `FOUNDRY_PROFILE=release forge build` first; `make -C contracts artifacts|check` does.
//
// To compile takes minutes. So a digest of all that decides what comes out, and of what came out, is kept beside them;
// with --digest nothing is compiled, and the artifacts are right if they were when the digest was written.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const ARTIFACTS = join(ROOT, "artifacts");
const DIGEST = join(ROOT, "artifacts.sha256");
// The compiler and its settings, the libraries, what becomes of its output.
const DECIDING = ["foundry.toml", "package-lock.json", "tools/artifacts.mjs", "tools/solc"];

// What is deployed, or called by its ABI: name -> source below src/.
const CONTRACTS = {
  BaseTokenHolder: "l2/BaseTokenHolder.sol",
  BatchVerifier: "l1/verifier/BatchVerifier.sol",
  BridgedStandardERC20: "bridge/BridgedStandardERC20.sol",
  Bridgehub: "l1/Bridgehub.sol",
  ChainTypeManager: "l1/ChainTypeManager.sol",
  ConstraintEvaluator1: "l1/verifier/generated/ConstraintEvaluator1.sol",
  ConstraintEvaluator2: "l1/verifier/generated/ConstraintEvaluator2.sol",
  IBatchVerifier: "l1/interfaces/IBatchVerifier.sol",
  IProofParts: "l1/interfaces/IProofParts.sol",
  InteropCenter: "l2/interop/InteropCenter.sol",
  InteropHandler: "l2/interop/InteropHandler.sol",
  L1AssetRouter: "l1/bridge/L1AssetRouter.sol",
  L1Messenger: "l2/L1Messenger.sol",
  L1NativeTokenVault: "l1/bridge/L1NativeTokenVault.sol",
  L1Nullifier: "l1/bridge/L1Nullifier.sol",
  L2AssetRouter: "l2/L2AssetRouter.sol",
  L2BaseToken: "l2/L2BaseToken.sol",
  L2Bridgehub: "l2/L2Bridgehub.sol",
  L2InteropRootStorage: "l2/L2InteropRootStorage.sol",
  L2MessageVerification: "l2/interop/L2MessageVerification.sol",
  L2NativeTokenVault: "l2/L2NativeTokenVault.sol",
  MessageRoot: "l1/MessageRoot.sol",
  RiscvMachine: "l1/verifier/generated/RiscvMachine.sol",
  SystemContext: "l2/SystemContext.sol",
  TestToken: "dev/TestToken.sol",
  UnprovenVerifier: "l1/verifier/UnprovenVerifier.sol",
  ValidatorTimelock: "l1/ValidatorTimelock.sol",
  ZKChain: "l1/chain/ZKChain.sol",
};

/** The committed form of a contract: what callers need, and nothing that differs between machines. */
function artifactOf(name, source) {
  const compiled = JSON.parse(readFileSync(join(ROOT, "out", "release", source.split("/").at(-1), `${name}.json`), "utf8"));
  const storage = compiled.storageLayout?.storage ?? [];
  const content = {
    contractName: name,
    source: `src/${source}`,
    abi: compiled.abi,
    bytecode: compiled.bytecode.object,
    deployedBytecode: compiled.deployedBytecode.object,
    methodIdentifiers: compiled.methodIdentifiers ?? {},
    storageLayout: storage.map(({ label, offset, slot, type }) => ({ label, offset, slot: Number(slot), type: plain(type) })),
  };
  return `${JSON.stringify(content, null, 1)}\n`;
}

/** A storage type without the numbers of syntax nodes, which change with every unrelated source. */
function plain(type) {
  return type.replace(/\)\d+_/g, ")_");
}

/** Of the sources, of what decides what the compiler makes of them, and of the artifacts. */
function digest() {
  const below = (folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(ROOT, join(entry.parentPath ?? entry.path, entry.name)));
  const hash = createHash("sha256");
  for (const file of [...DECIDING, ...below("src"), ...below("artifacts")].sort()) {
    hash.update(`${file}\0${createHash("sha256").update(readFileSync(join(ROOT, file))).digest("hex")}\n`);
  }
  return `${hash.digest("hex")}\n`;
}

/** Says so and ends, unless the digest that was written is that of what is here. */
function checkDigest() {
  if (existsSync(DIGEST) && readFileSync(DIGEST, "utf8") === digest()) return;
  console.error("contracts/artifacts are not of these sources, or were changed. Run: make -C contracts artifacts");
  process.exit(1);
}

if (process.argv.includes("--digest")) {
  checkDigest();
  console.log("the artifacts were made of these sources");
  process.exit(0);
}

const check = process.argv.includes("--check");
const wrong = [];
mkdirSync(ARTIFACTS, { recursive: true });
for (const [name, source] of Object.entries(CONTRACTS)) {
  const path = join(ARTIFACTS, `${name}.json`);
  const fresh = artifactOf(name, source);
  if (check) {
    if (!existsSync(path) || readFileSync(path, "utf8") !== fresh) wrong.push(name);
  } else {
    writeFileSync(path, fresh);
  }
}
for (const file of readdirSync(ARTIFACTS)) {
  if (file.replace(/\.json$/, "") in CONTRACTS) continue;
  if (check) wrong.push(file);
  else rmSync(join(ARTIFACTS, file));
}
if (wrong.length > 0) {
  console.error(`contracts/artifacts differ from the sources: ${wrong.join(", ")}. Run: make -C contracts artifacts`);
  process.exit(1);
}
if (check) checkDigest();
else writeFileSync(DIGEST, digest());
console.log(`${Object.keys(CONTRACTS).length} artifacts ${check ? "match their sources" : "written"}`);

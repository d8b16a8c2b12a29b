"""The contracts of the hub, and the Python that loads, deploys and calls them.

Solidity lives in ``src/l1`` (what is deployed on the settlement layer) and ``src/l2`` (the system contracts
every chain has from its genesis); ``artifacts/`` holds their committed ABIs and bytecode. Python side:

``messages``   what crosses the L1 boundary: batches, priority operations, their encodings and hashes
``artifacts``  loads a compiled contract; ``abi`` encodes calls and explains reverts
``client``     a small JSON-RPC client of the settlement layer, and a sender that signs for one key
``deploy``     the ecosystem's contracts, and chains in it
``genesis``    the system contracts in a chain's genesis state

Conventions: hashes are 32 ``bytes``; addresses on L1 are checksummed hex ``str``; amounts are in wei, gas in
gas units and time in seconds, all plain ``int``.
"""

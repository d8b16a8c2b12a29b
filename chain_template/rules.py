"""The block rules that follow from a chain's settings."""

from chain_template.config import ChainConfig
from chain_template.executor.interface import ChainRules


def rules_of(config: ChainConfig) -> ChainRules:
    """The block rules of a chain: an L1 burns the base fee and has no holder contract."""
    if config.l1 is None:
        return ChainRules(
            config.chain_id, base_fee_to_coinbase=False, has_base_token_holder=False, max_transaction_pubdata=None
        )
    return ChainRules(config.chain_id)

"""The reference executor, on py-evm's Cancun rules."""

from chain_template.executor.pyevm.executor import PyEvmExecutor

__all__ = ["PyEvmExecutor"]

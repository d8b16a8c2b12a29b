"""Between a chain and its L1: requests coming in (``watcher``), batches going out (``sender``)."""

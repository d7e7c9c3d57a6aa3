"""Where the broker's state is: the ledger (rows, and the log of every change), its reads, and scratch."""

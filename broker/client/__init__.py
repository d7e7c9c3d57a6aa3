"""A researcher's own side: sign in, ask, and download, over the broker's public addresses and nothing else."""

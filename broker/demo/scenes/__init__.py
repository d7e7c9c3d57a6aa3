"""The steps of the demo's story."""

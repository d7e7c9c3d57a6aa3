"""Keys that are kept elsewhere than in our files, one module for each place (docs/how-to/keep-keys-elsewhere.md)."""

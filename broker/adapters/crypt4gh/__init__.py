"""The ciphers of Crypt4GH, and everything of it that touches keys and files."""

"""Crypt4GH 1.0 as values: the header's packets, the arithmetic of segments, edit lists, public keys. No cipher here."""

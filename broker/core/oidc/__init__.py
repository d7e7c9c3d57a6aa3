"""OpenID Provider and relying party: the rules, as pure functions over plain values (specs: AAI, OAuth).

Nothing here reads a row: callers pass what the row says through small Protocols, and the clock and
randomness as arguments. The functions that build rows are in broker/flows/oauth.
"""

"""One file per story that a user could tell: gather, ask core, record, act, in that order."""

"""`broker issuers`: see commands/administration.py."""

from broker.commands.administration import group

issuers = group("issuers")

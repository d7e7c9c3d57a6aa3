"""`broker idps`: see commands/administration.py."""

from broker.commands.administration import group

idps = group("idps")

"""`broker clients`: see commands/administration.py."""

from broker.commands.administration import group, secret_command

clients = group("clients")
clients.add_command(secret_command())

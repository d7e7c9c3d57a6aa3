"""`broker logout`: beside `broker login`, which it undoes."""

from broker.commands.login import logout

__all__ = ["logout"]

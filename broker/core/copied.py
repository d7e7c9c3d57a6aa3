"""A changed copy of a frozen dataclass with slots, at a fifth of the cost of `dataclasses.replace`.

For the few places on the path of every decision, and for classes without a `__post_init__`: nothing is checked again.
"""

from typing import Any, TypeVar

T = TypeVar("T")


def copied(value: T, **changes: Any) -> T:
    """`value` with other members. TypeError for a member that it does not have, or for a class that checks itself."""
    kind: Any = type(value)
    if hasattr(kind, "__post_init__") or not changes.keys() <= set(kind.__slots__):
        raise TypeError(f"{kind.__name__} has no unchecked copy with {', '.join(changes)}")
    made: T = object.__new__(kind)
    for name in kind.__slots__:
        object.__setattr__(made, name, changes[name] if name in changes else getattr(value, name))
    return made

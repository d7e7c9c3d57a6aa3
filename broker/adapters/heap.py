"""How the C library keeps memory for us: in one heap, and not in one for every few threads."""

import ctypes

_ARENAS = -8
"""`M_ARENA_MAX` of mallopt(3)."""


def use_one_heap() -> bool:
    """Call it before any thread is begun. False: this C library has no such choice, and needs none.

    Each heap of a thread keeps what it once held: a thousand slow downloads took a tenth more, for threads that wait
    for each other anyway.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(mallopt(_ARENAS, 1))

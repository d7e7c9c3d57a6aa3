"""How large is that, for people?"""

_STEP = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(count: int) -> str:
    """`count` bytes in the unit that leaves one to four digits before the point."""
    left, unit = float(count), 0
    while left >= _STEP and unit < len(_UNITS) - 1:
        left, unit = left / _STEP, unit + 1
    return f"{left:.0f} {_UNITS[unit]}" if unit == 0 else f"{left:.1f} {_UNITS[unit]}"

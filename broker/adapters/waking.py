"""How long does a loop sleep that looks at something again and again? Until it is time, or somebody asks for a look."""

import asyncio


async def time_to_look(asked: asyncio.Event, seconds: float) -> None:
    """Returns after `seconds`, or as soon as `asked` is set, which it takes back."""
    try:
        async with asyncio.timeout(seconds):
            await asked.wait()
    except TimeoutError:
        pass
    asked.clear()

"""The story that the demo tells turns out as told, and says so in its exit status."""

import asyncio
import sys


async def test_the_whole_story_turns_out_as_told() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "broker", "demo", "--exit",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(120):
        told, wrong = await process.communicate()
    assert process.returncode == 0, told.decode()[-4000:] + wrong.decode()[-2000:]
    assert "Everything turned out as told." in told.decode()
    assert wrong == b"", "nothing is logged above warnings when nothing goes wrong"

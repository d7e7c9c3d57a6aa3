"""The whole story, told over real HTTP by somebody who knows only what the description says.

`python -m broker.demo.story describe.json`: exit status 0 if every step turned out as told.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from broker.demo.narrator import Narrator
from broker.demo.scenes import access, record
from broker.demo.teller import Teller

SCENES = (
    access.sign_in,
    access.ask,
    access.approve,
    access.exchange,
    access.download,
    access.colleague,
    record.withdraw,
    record.verify,
)
"""The eight steps, in order; each leaves what the next one needs with the teller."""


async def tell(described: dict[str, Any]) -> int:
    """Tell every step. A step that cannot go on is a step that did not turn out as told."""
    narrator = Narrator()
    async with Teller(described, narrator) as teller:
        for scene in SCENES:
            try:
                await scene(teller)
            except Exception as failure:  # noqa: BLE001 (whatever broke, the story says so and goes on to the summary)
                narrator.check(f"the step went through ({type(failure).__name__}: {failure})", ok=False)
                break
    return narrator.finish()


def main() -> int:
    """Read the description and tell the story."""
    return asyncio.run(tell(json.loads(Path(sys.argv[1]).read_text("utf-8"))))


if __name__ == "__main__":
    sys.exit(main())

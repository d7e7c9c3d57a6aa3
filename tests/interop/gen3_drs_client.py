"""Asks for an object and its address with the DRS client of Gen3 (PyPI: drsclient), in both of its ways; prints both.

Not a test: tests/interop/test_drs_clients.py starts it, in an environment of its own.
"""

import asyncio
import json
import sys
from typing import Any


async def meanwhile(client: Any, id: str) -> list[Any]:
    """By its asynchronous half."""
    return [await client.async_get(id, expand=True), await client.async_download(id, "https")]


def main(base: str, id: str, token: str) -> None:
    from drsclient.client import DrsClient  # type: ignore[import-not-found]  # noqa: PLC0415

    client: Any = DrsClient(base, token=token)
    said = [client.get(id, expand=True), client.download(id, "https"), *asyncio.run(meanwhile(client, id))]
    sys.stdout.write(json.dumps([[one.status_code, one.json()] for one in said]))


if __name__ == "__main__":
    main(*sys.argv[1:])

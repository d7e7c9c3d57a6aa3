"""Asks for an object and its address with DRS-cli (PyPI: drs-cli), in an environment of its own, and prints both.

Not a test: tests/interop/test_drs_clients.py starts it. The package needs pydantic 1, and forgets to say so.
"""

import json
import sys
from typing import Any


def main(port: str, id: str, token: str) -> None:
    from drs_cli.client import DRSClient  # type: ignore[import-not-found]  # noqa: PLC0415

    client: Any = DRSClient(uri="http://127.0.0.1", port=int(port), token=token)
    said = [client.get_object(id), client.get_access_url(id, "https")]
    sys.stdout.write(json.dumps([json.loads(one.json()) for one in said]))


if __name__ == "__main__":
    main(*sys.argv[1:])

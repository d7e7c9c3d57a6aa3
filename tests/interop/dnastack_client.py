"""Asks for an object, and for its address, with DNAstack's client (PyPI: dnastack-client-library); prints what came of it.

Not a test: tests/interop/test_drs_clients.py starts it, in an environment of its own. The client signs in with
DNAstack; here somebody has a token already.
"""

import json
import sys
from typing import Any


def main(host: str, id: str, token: str) -> None:
    from dnastack.client.drs import Blob  # type: ignore[import-not-found]  # noqa: PLC0415
    from dnastack.http.session import HttpSession  # type: ignore[import-not-found]  # noqa: PLC0415
    from requests import Session  # noqa: PLC0415

    asking = Session()
    asking.headers["Authorization"] = f"Bearer {token}"
    blob: Any = Blob(f"drs://{host}/{id}", HttpSession(session=asking, suppress_error=False, enable_auth=False))
    said: dict[str, Any] = {}
    for what, how in (
        ("object", lambda: blob.get_object().model_dump(mode="json")),
        ("address", blob.get_download_url),
    ):
        try:
            said[what] = how()
        except Exception as failure:  # noqa: BLE001 (it is told)
            said[what] = f"{type(failure).__name__}: {failure}"
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Asks for an object, and for its address, with DNAstack's client (PyPI: dnastack-client-library); prints what came of it.

Not a test: tests/interop/test_drs_clients.py starts it, in an environment of its own.
"""

import json
import sys
from typing import Any


def main(host: str, id: str) -> None:
    from dnastack.client.drs import DrsClient  # type: ignore[import-not-found]  # noqa: PLC0415
    from dnastack.client.models import ServiceEndpoint  # type: ignore[import-not-found]  # noqa: PLC0415

    client: Any = DrsClient(ServiceEndpoint(id="broker", url=f"https://{host}/ga4gh/drs/v1/"))
    blob = client.get_blob(f"drs://{host}/{id}", no_auth=True)
    try:
        said: dict[str, Any] = {"object": blob.get_object().model_dump(mode="json")}
    except Exception as failure:  # noqa: BLE001 (it is told)
        said = {"object": f"{type(failure).__name__}: {failure}"}
    try:
        said["address"] = blob.get_download_url()
    except Exception as failure:  # noqa: BLE001 (it is told)
        said["address"] = f"{type(failure).__name__}: {failure}"
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])

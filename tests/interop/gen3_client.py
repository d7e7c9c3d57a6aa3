"""Resolves an object, asks for its address and downloads it, with the SDK of Gen3 (PyPI: gen3); prints what came of it.

Not a test: tests/interop/test_drs_clients.py starts it, in an environment of its own. A Gen3 commons would give the
token; here somebody has it already.
"""

import json
import sys
from typing import Any


def main(host: str, id: str, token: str, folder: str) -> None:
    from gen3.auth import Gen3Auth  # type: ignore[import-not-found]  # noqa: PLC0415
    from gen3.tools.download import drs_download as of_gen3  # type: ignore[import-not-found]  # noqa: PLC0415

    class SignedIn(Gen3Auth):  # type: ignore[misc]
        def __init__(self) -> None:
            self.endpoint = f"https://{host}"

        def get_access_token(self) -> str:
            return token

    wanted: Any = of_gen3.Downloadable(object_id=id, hostname=host)
    manager = of_gen3.DownloadManager(host, SignedIn(), [wanted])
    known = {"name": wanted.file_name, "size": wanted.file_size, "ways": [one["type"] for one in wanted.access_methods]}
    address, status = of_gen3.get_download_url_using_drs(host, id, "https", token)
    done = manager.download([wanted], folder)[id]
    sys.stdout.write(json.dumps({"known": known, "address": address, "status": status, "download": done.status}))


if __name__ == "__main__":
    main(*sys.argv[1:])

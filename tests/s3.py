"""An S3 (moto's server) in a process of its own, with the bucket `heart`; credentials are those of `KEYS`."""

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import boto3

KEYS = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "not a secret"}


@contextmanager
def s3() -> Iterator[str]:
    """An S3 in a process of its own, and its address."""
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        address = _address(process)
        rest = threading.Thread(target=deque, args=(process.stderr, 0))  # or it would get stuck with what it says
        rest.start()
        yield address
        process.kill()
        rest.join()


def _address(process: subprocess.Popen[str]) -> str:
    """Where it listens, as it says itself."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        found = [word for word in line.split() if word.startswith("http://127.0.0.1:")]
        if found:
            return found[0]
    raise AssertionError("".join(said))


def put(address: str, key: str, content: bytes) -> None:
    said = {f"aws_{name}": value for name, value in KEYS.items()}
    client = boto3.client("s3", endpoint_url=address, region_name="us-east-1", **said)
    client.create_bucket(Bucket="heart")
    client.put_object(Bucket="heart", Key=key, Body=content)
    client.close()

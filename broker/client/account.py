"""What does a computer keep once somebody has signed in on it? Its key and its tokens, one file for each broker.

As with the keys of ssh, who can read the file can act as its owner. The folder and the files are for their owner
alone; a file that others could read is not used. A new state replaces the old one at once or not at all: a refresh
token that was spent and lost would end the sign-in.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from broker.adapters.keys import write_private

_OTHERS = 0o077


class AccountError(Exception):
    """There is no sign-in that can be used; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One sign-in. `key`: this computer's private key (PEM, PKCS 8); `expires`: of the access token, Unix seconds."""

    issuer: str
    client_id: str
    key: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires: int


class Accounts:
    """The sign-ins in one folder, which is made when the first is kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, account: Account) -> None:
        """Keep `account` in place of what was known of its broker. OSError where the folder cannot be written."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(account.issuer)
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)  # of a command that was killed
        write_private(new, json.dumps(asdict(account)).encode())
        new.replace(path)

    def get(self, issuer: str | None = None) -> Account:
        """The sign-in at `issuer`, or the only one that there is. AccountError, with what to do."""
        if issuer is not None:
            return self._read(self._path(issuer), f"You are not signed in at {issuer}. Run: broker login {issuer}")
        paths = sorted(self._folder.glob("*.json"))
        if not paths:
            raise AccountError("You are not signed in anywhere. Run: broker login ADDRESS-OF-THE-BROKER")
        found = [self._read(path, "") for path in paths]
        if len(found) > 1:
            raise AccountError(f"Say which broker with --at: {', '.join(one.issuer for one in found)}")
        return found[0]

    def forget(self, issuer: str) -> None:
        """Remove what is kept of a broker; twice is once."""
        self._path(issuer).unlink(missing_ok=True)

    @contextmanager
    def locked(self, issuer: str) -> Iterator[None]:
        """Nobody else of this computer renews tokens of this broker meanwhile. Waits for who does."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._path(issuer).with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _path(self, issuer: str) -> Path:
        return self._folder / f"{hashlib.sha256(issuer.encode()).hexdigest()[:32]}.json"

    def _read(self, path: Path, missing: str) -> Account:
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_mode & _OTHERS:
                    raise AccountError(f"Others may read {path}. Run: chmod 600 {path}, or sign in anew")
                said: dict[str, Any] = json.load(file)
            return Account(**said)
        except FileNotFoundError:
            raise AccountError(missing) from None
        except (ValueError, TypeError):
            raise AccountError(f"{path} is damaged. Remove it and sign in anew") from None

"""A PostgreSQL server for the tests: one for a run, whichever process of it asks first, and a database for each test.

Programs of Debian, or else those of the wheel `pgserver`. It never runs as root: then as somebody else.
"""

import asyncio
import fcntl
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from broker.adapters.storage.postgres.create import create_postgres
from broker.adapters.storage.postgres.ordering import LogOf
from broker.adapters.storage.postgres.tables import HEAD
from broker.adapters.storage.schema import metadata

T = TypeVar("T")
_BEGUN = ("record", "receipt", "checkpoint", "meta", HEAD)
"""The tables that are not empty when a log begins."""
_OPTIONS = (
    "listen_addresses=''",
    "shared_buffers=32MB",
    "max_connections=200",
    "autovacuum=off",
    "max_wal_size=4GB",
    "log_min_messages=fatal",
)


def programs() -> Path | None:
    """The folder of initdb and postgres."""
    asked = os.environ.get("BROKER_TEST_POSTGRES")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = [Path(asked) / "initdb"] if asked else [*reversed(debian), *_of_the_wheel()]
    return next((each.parent for each in found if each.is_file()), None)


def _of_the_wheel() -> list[Path]:
    return [each for folder in sys.path for each in Path(folder).glob("pgserver/pginstall/bin/initdb")]


@dataclass(frozen=True)
class Cluster:
    """A server, or where one would be: `folder` has its data and its socket."""

    folder: Path
    bin: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str) -> str:
        return f"postgresql://broker@/{database}?host={self.folder}"

    def make(self) -> None:
        """Once: what a server needs, in a folder that belongs to whom it runs as."""
        user = _user()
        if user is not None:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.run("initdb", "-D", str(self.data), "-U", "broker", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")

    def start(self, *options: str) -> None:
        said = " ".join(f"-c {option}" for option in (*_OPTIONS, f"unix_socket_directories='{self.folder}'", *options))
        self.run("pg_ctl", "-D", str(self.data), "-w", "-t", "30", "-l", str(self.folder / "log"), "-o", said, "start")

    def stop(self, how: str = "immediate") -> None:
        self.run("pg_ctl", "-D", str(self.data), "-w", "-m", how, "stop")

    def run(self, program: str, *arguments: str) -> None:
        user = _user()
        command = [str(self.bin / program), *arguments]
        if user is None:
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=self.folder)
            return
        subprocess.run(
            command,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
        )

    def sql(self, statement: str, database: str = "postgres") -> None:
        async def execute() -> None:
            db = await asyncpg.connect(self.url(database))
            await db.execute(statement)
            await db.close()

        run(execute())


def run(wanted: Coroutine[Any, Any, T]) -> T:
    """In a loop of its own, also where the caller has one already: fixtures of asynchronous tests do."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, wanted).result()


def _user() -> pwd.struct_passwd | None:
    """As whom the server runs; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    names = {each.pw_name for each in pwd.getpwall()}
    return pwd.getpwnam("postgres" if "postgres" in names else "nobody")


def needed() -> Path:
    """The programs. Without them the test is skipped, or fails where STRICT is set."""
    found = programs()
    if found is None:
        reason = "no PostgreSQL: install postgresql (Debian) or the wheel pgserver"
        if os.environ.get("STRICT"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def own_cluster(*options: str) -> Iterator[Cluster]:
    """A server for one test alone, that may be broken."""
    with _folder(tempfile.mkdtemp(prefix="broker-pg-")) as folder:
        cluster = Cluster(folder, _reachable(needed(), folder))
        cluster.make()
        cluster.start(*options)
        try:
            yield cluster
        finally:
            if (cluster.data / "postmaster.pid").exists():
                cluster.stop()


@contextmanager
def shared_cluster() -> Iterator[Cluster]:
    """The server of this run of tests: who comes first starts it, who goes last stops it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"broker-pg-{run[:12]}"
    users = folder / "users"
    with _alone(folder):
        folder.mkdir(mode=0o755, exist_ok=True)
        folder.chmod(0o755)
        cluster = Cluster(folder, _reachable(needed(), folder))
        if not users.exists():
            users.mkdir()
            cluster.make()
            cluster.start()
        handle, mine = tempfile.mkstemp(dir=users)  # a process can be here twice: by two fixtures
        os.close(handle)
    try:
        yield cluster
    finally:
        with _alone(folder):
            Path(mine).unlink()
            if not any(users.iterdir()):  # and whoever comes now starts another
                cluster.stop()
                shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Database:
    """A database of a server, that is as new again before each test: making one takes a hundred times as long."""

    cluster: Cluster
    name: str

    @property
    def url(self) -> str:
        return self.cluster.url(self.name)

    def make(self, log: LogOf) -> "Database":
        """An empty log, and in the schema `fresh` what is to be there again."""
        self.cluster.sql(f"CREATE DATABASE {self.name}")
        run(create_postgres(self.url, self.url, log))
        kept = "".join(f"CREATE TABLE fresh.{name.split('.')[-1]} AS TABLE {name};" for name in _BEGUN)
        self.cluster.sql(f"CREATE SCHEMA fresh; {kept}", self.name)
        return self

    def again(self) -> "Database":
        """As it was made."""
        emptied = "".join(f'DELETE FROM "{name}";' for name in (*metadata.tables, "pending", "feed"))
        begun = "".join(f"INSERT INTO {name} TABLE fresh.{name.split('.')[-1]};" for name in _BEGUN)
        self.cluster.sql(f"{emptied} DELETE FROM {HEAD}; {begun}", self.name)
        return self

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        async def fetch() -> list[tuple[Any, ...]]:
            db = await asyncpg.connect(self.url)
            try:
                return [tuple(row) for row in await db.fetch(statement)]
            finally:
                await db.close()

        return run(fetch())


@contextmanager
def _folder(path: str) -> Iterator[Path]:
    folder = Path(path)
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with closing(folder.with_suffix(".lock").open("w")) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _reachable(bin: Path, folder: Path) -> Path:
    """The programs, where whom the server runs as can reach them: a wheel may lie in a home that is closed to others."""
    user = _user()
    if user is None or all(each.stat().st_mode & 0o005 == 0o005 for each in bin.resolve().parents):
        return bin
    copy = folder / "programs"
    if not copy.exists():
        shutil.copytree(bin.parent, copy, symlinks=True)
    return copy / "bin"

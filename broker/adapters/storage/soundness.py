"""Is a database file in order? What `broker doctor` asks of one, whether a broker runs on it or not."""

import sqlite3
from contextlib import closing
from pathlib import Path


def assert_sound(path: Path) -> None:
    """FileNotFoundError or ValueError, with what to do, unless SQLite finds nothing wrong. Opens read-only."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: missing; `broker init` makes it, a backup brings it back")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            (state,) = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as wrong:
        state = str(wrong)
    if state != "ok":
        raise ValueError(f"{path}: {state}; run `broker audit verify` and restore a backup")

"""The Go program that checks logs (log/main.go), built once, and asked a question at a time."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.interop.serving import needed

_SOURCE = Path(__file__).parent / "log"
_LIBRARY = Path("/usr/share/gocode")
Ask = Callable[..., str]


@contextmanager
def go_asked(folder: Path, **always: Any) -> Iterator[Ask]:
    """The program's answer to one question. `always`: what every question says."""
    go = shutil.which("go") or ""
    there = bool(go) and (_LIBRARY / "src" / "golang.org" / "x" / "mod").is_dir()
    needed("Go with golang.org/x/mod", there=there, how="apt-get install golang-go golang-golang-x-mod-dev")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "go-build"
    built = {**os.environ, "GO111MODULE": "off", "GOPATH": str(_LIBRARY), "GOCACHE": str(cache)}
    subprocess.run([go, "build", "-o", str(folder / "logcheck"), "main.go"], cwd=_SOURCE, env=built, check=True)
    with subprocess.Popen(
        [str(folder / "logcheck")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None

        def one(do: str, **said: Any) -> str:
            question = {"do": do} | always | {k: text(v) for k, v in said.items()}
            assert running.stdin is not None
            assert running.stdout is not None
            running.stdin.write(json.dumps(question) + "\n")
            running.stdin.flush()
            return running.stdout.readline().rstrip("\n")

        yield one
        running.stdin.close()


def text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value

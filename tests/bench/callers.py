"""Many callers at once, in a process of their own: `python -m tests.bench.callers PORT CALLERS FILE …`.

A file each holds one whole request; each caller sends the next one as soon as it has its answer. For each line on
standard input, a number of requests in all, it writes one line: how many of the answers were no refusal. What it costs
to ask is so not counted with what it costs to answer.
"""

import selectors
import socket
import sys
from itertools import cycle
from pathlib import Path

_END, _LENGTH = b"\r\n\r\n", b"content-length: "


def _is_whole(answer: bytes) -> bool:
    head, found, body = answer.partition(_END)
    return bool(found) and len(body) >= int(head.lower().split(_LENGTH)[1].split(b"\r\n")[0])


def _asked(port: int, callers: int, requests: list[bytes], count: int) -> int:
    """How many of `count` answers were a yes to being asked."""
    selector, following, left, good = selectors.DefaultSelector(), cycle(requests), count, 0
    got, lines = dict[socket.socket, bytes](), dict[int, socket.socket]()
    for _ in range(min(callers, count)):
        line = socket.create_connection(("127.0.0.1", port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(line, selectors.EVENT_READ)
        got[line], lines[line.fileno()] = b"", line
        line.sendall(next(following))
        left -= 1
    while got:
        for key, _ in selector.select():
            line = lines[key.fd]
            got[line] += (more := line.recv(65536))
            if more and not _is_whole(got[line]):
                continue
            good += got[line].startswith(b"HTTP/1.1 20")
            if left and more:
                got[line], left = b"", left - 1
                line.sendall(next(following))
            else:
                selector.unregister(line)
                line.close()
                del got[line]
    return good


def main() -> None:
    port, callers, *files = sys.argv[1:]
    requests = [Path(file).read_bytes() for file in files]
    for line in sys.stdin:
        print(_asked(int(port), int(callers), requests, int(line)), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

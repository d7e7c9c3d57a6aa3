"""One heap for all threads of a process, where the C library has such a choice."""

import subprocess
import sys

from broker.adapters.heap import use_one_heap

THREADS = """
import sys, threading
from broker.adapters.heap import use_one_heap
if sys.argv[1] == "one":
    assert use_one_heap()
held, ready, done = [], threading.Barrier(9), threading.Event()
def work():
    held.append([bytes(1000) for _ in range(2000)])
    ready.wait()
    done.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
[one.start() for one in threads]
ready.wait()
import ctypes
ctypes.CDLL(None).malloc_stats()
done.set()
"""


def heaps(how: str) -> int:
    """How many the C library tells of at the end."""
    ran = subprocess.run([sys.executable, "-c", THREADS, how], capture_output=True, text=True, check=True)
    return ran.stderr.count("Arena ")


def test_threads_share_one_heap_where_one_is_wanted() -> None:
    if not use_one_heap():
        return
    assert heaps("one") == 1
    assert heaps("many") > 1, "or this shows nothing"

"""How many files and connections this process may have open: as many as whoever runs it lets it ask for."""

import resource

WANTED = 65_536
"""More are never needed; a limit that is higher costs nothing and says nothing."""


def open_files() -> int:
    """The limit from now on: the soft one, often 1024 for the sake of old programs, raised to the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return WANTED if soft == resource.RLIM_INFINITY else soft

"""Where do regions of a genome lie in a file? (htsget)"""

from typing import Protocol

from broker.core.htsget.plan import Plan
from broker.core.htsget.request import Asked
from broker.core.outcome import Reason
from broker.core.rows import DrsObject, Repository


class Regions(Protocol):
    """Where regions lie in the files of repositories."""

    async def plan(self, repository: Repository, row: DrsObject, asked: Asked) -> Plan | Reason:
        """The pieces that answer; a Reason for a sequence that the file does not know. Reads the index, the header and
        the blocks at the ends of ranges, however large the file is. SourceBrokenError: they are not as registered.
        """
        ...

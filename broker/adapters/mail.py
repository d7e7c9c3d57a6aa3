"""Letters go to one SMTP server (RFC 5321), that of the settings: over TLS, or to this very machine.

A server that does not offer TLS gets nothing, no password and no letter. Its certificate is checked.
"""

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

import aiosmtplib
import structlog

from broker.core.letters import Letter
from broker.ports import Clock
from broker.ports.letters import Taken

Tls = Literal["starttls", "tls", "loopback"]
_SECONDS = 15.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where letters are handed over. Trusted: it reads to whom they go."""

    host: str
    port: int
    tls: Tls
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    trusted: ssl.SSLContext | None = None
    """Whose certificate counts; by default those that the system trusts."""


class SmtpMailer:
    """A ports.letters.Mailer."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server, self._clock = server, clock

    async def send(self, letter: Letter) -> Taken:
        """See the port. A server that refuses this receiver refuses one letter; all else is the server's trouble."""
        server = self._server
        try:
            await aiosmtplib.send(
                self._message(letter),
                hostname=server.host,
                port=server.port,
                use_tls=server.tls == "tls",
                start_tls=server.tls == "starttls",
                username=server.user,
                password=server.password,
                tls_context=(server.trusted or ssl.create_default_context()) if server.tls != "loopback" else None,
                timeout=_SECONDS,
            )
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPDataError) as refused:
            log.warning("mail.refused", letter=letter.id, error=type(refused).__name__)
            return "refused"
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as failure:
            log.warning("mail.unreachable", error=type(failure).__name__)
            return "unreachable"
        return "taken"

    def _message(self, letter: Letter) -> EmailMessage:
        """Both forms. Programs do not answer it, and it says where letters are turned off (RFC 3834, RFC 2369)."""
        made = EmailMessage()
        made["From"], made["To"], made["Subject"] = self._server.sender, letter.to, letter.subject
        made["Date"] = format_datetime(datetime.fromtimestamp(self._clock.now(), UTC))
        made["Message-ID"] = f"<{letter.id}@{self._server.sender.rpartition('@')[2]}>"
        made["Auto-Submitted"] = "auto-generated"
        made["Content-Language"] = letter.language
        made["List-Unsubscribe"] = f"<{letter.inbox}>"
        made.set_content(letter.text)
        made.add_alternative(letter.html, subtype="html")
        return made


class NoMail:
    """Where no server is named: nothing is sent, and nothing waits for ever."""

    async def send(self, letter: Letter) -> Taken:
        """Never taken."""
        del letter
        return "refused"

"""A witness as c2sp.org/tlog-witness describes it, on this machine: it checks, remembers, and signs."""

from base64 import b64decode
from dataclasses import dataclass, field

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from broker.adapters.note_keys import verify
from broker.core.audit.merkle import EMPTY_ROOT, consistent
from broker.core.audit.note import (
    Checkpoint,
    Key,
    NoteError,
    Signer,
    cosign_note,
    open_checkpoint,
    parse_checkpoint,
    unverified_text,
)
from broker.core.audit.signature_kinds import COSIGNED, COSIGNED_ML_DSA

NAME = "witness.example/w1"
TIME = 1_800_000_000


def signer(kind: int = COSIGNED, name: str = NAME) -> Signer:
    if kind == COSIGNED:
        old = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
        return Signer(Key(name, old.public_key().public_bytes_raw(), kind), old.sign)
    new = MLDSA44PrivateKey.from_seed_bytes(b"w" * 32)
    return Signer(Key(name, new.public_key().public_bytes_raw(), COSIGNED_ML_DSA), new.sign)


@dataclass
class FakeWitness:
    """Knows the logs in `logs`, by origin; `latest`: the checkpoint of each that it signed last, none forgotten."""

    logs: dict[str, Key]
    signers: tuple[Signer, ...] = field(default_factory=lambda: (signer(),))
    latest: dict[str, Checkpoint] = field(default_factory=dict)
    seen: list[bytes] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/add-checkpoint", self._add)
        return app

    async def _add(self, request: web.Request) -> web.Response:
        status, said = self.add(await request.read())
        self.answers.append(status)
        kind = "text/x.tlog.size" if status == 409 else "text/plain"
        return web.Response(status=status, text=said, content_type=kind)

    def add(self, body: bytes) -> tuple[int, str]:
        head, _, note = body.partition(b"\n\n")
        first, *lines = head.decode().split("\n")
        old, proof = int(first.removeprefix("old ")), [b64decode(line) for line in lines]
        origin = parse_checkpoint(unverified_text(note)).origin
        if origin not in self.logs:
            return 404, ""
        try:
            new = open_checkpoint(note, origin, [self.logs[origin]], verify)
        except NoteError:
            return 403, ""
        if old > new.size:
            return 400, ""
        before = self.latest.get(origin, Checkpoint(origin=origin, size=0, root=EMPTY_ROOT))
        if old != before.size or (old == new.size and before.root != new.root):
            return 409, f"{before.size}\n"
        if not consistent(old, before.root, new.size, new.root, proof):
            return 422, ""
        self.latest[origin] = new
        self.seen.append(note)
        signed = note
        for one in self.signers:
            signed = cosign_note(signed, one, TIME)
        return 200, signed[len(note) :].decode()

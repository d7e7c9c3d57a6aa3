"""Papers that somebody attaches to an application: which files are taken, and under which name they are kept."""

import re
import unicodedata

LARGEST = 1024 * 1024
"""Bytes of one."""
MOST = 10
"""Of one application."""
_NAME = 100
_BEGINS = ((b"%PDF-", "application/pdf"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
ENDINGS = {"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg", "text/plain": ".txt"}
"""What is taken, and how its name ends."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def media_of(content: bytes) -> str | None:
    """What a file is, by how it begins and not by what its sender says; None: nothing that is taken."""
    for begins, media in _BEGINS:
        if content.startswith(begins):
            return media
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "text/plain" if text.strip() and not _CONTROL.search(text) else None


def kept_name(said: str, media: str) -> str:
    """A name that leads nowhere, hides nothing, and ends as what the file is."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", said))[-1]
    shown = "".join(one for one in last if unicodedata.category(one)[0] in "LMN" or one in " ._-()")
    stem = re.sub(r"\s+", " ", shown).strip(" .")
    ending = ENDINGS[media]
    stem = stem[: -len(ending)] if stem.lower().endswith(ending) else stem
    return f"{stem[:_NAME].rstrip(' .') or 'file'}{ending}"

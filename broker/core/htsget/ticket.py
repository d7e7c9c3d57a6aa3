"""How does a ticket look, how an error, how the description of the service? (htsget 1.3.0; Service Info 1.0.0)"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from broker.core.htsget.bgzf import Piece
from broker.core.htsget.layout import Format
from broker.core.htsget.plan import Plan
from broker.core.htsget.request import FORMATS, DataType
from broker.core.ranges import Span

VERSION: Final = "1.3.0"

MEDIA_TYPE: Final = f"application/vnd.ga4gh.htsget.v{VERSION}+json"

Json = dict[str, Any]

_ERRORS: Final[Mapping[str, str]] = {
    "REQ-REGION": "InvalidRange",
    "REQ-FORMAT": "UnsupportedFormat",
}
_BY_STATUS: Final[Mapping[int, str]] = {
    401: "InvalidAuthentication",
    403: "PermissionDenied",
    404: "NotFound",
    413: "PayloadTooLarge",
}
_SERVER_ERROR = 500


def ticket(plan: Plan, format: Format, url: str, headers: Mapping[str, str]) -> Json:
    """The ticket. `url` and `headers`: where and how the file's bytes are asked for; the span is added to them."""
    urls = [*_urls(plan.header, "header", url, headers), *_urls(plan.body, "body", url, headers)]
    return {"htsget": {"format": format, "urls": urls}}


def filtered_ticket(plan: Plan, format: Format, url: str, headers: Mapping[str, str]) -> Json:
    """The same where all between header and end is made on its way: one address, which gives it as a whole."""
    made = [{"url": url, "headers": dict(headers), "class": "body"}]
    urls = [*_urls(plan.header, "header", url, headers), *made, *_urls(plan.body, "body", url, headers)]
    return {"htsget": {"format": format, "urls": urls}}


def sealed_ticket(format: Format, url: str, headers: Mapping[str, str]) -> Json:
    """The ticket for a file that comes encrypted: one address, which gives it as a whole, or in any ranges."""
    return {"htsget": {"format": format, "urls": [{"url": url, "headers": dict(headers)}]}}


def _urls(pieces: Iterable[Piece], part: str, url: str, headers: Mapping[str, str]) -> Iterator[Json]:
    for piece in pieces:
        if isinstance(piece, Span):
            asked = {**headers, "Range": f"bytes={piece.first}-{piece.last}"}
            yield {"url": url, "headers": asked, "class": part}
        else:
            data = b64encode(piece).decode("ascii")
            yield {"url": f"data:;base64,{data}", "class": part}  # no media type: some clients know no other form


def error(code: str, status: int, message: str, members: Mapping[str, Any]) -> Json:
    """An error in the specification's form; beside its two members our code, and those of `members` that are set."""
    said = {name: value for name, value in members.items() if value is not None}
    return {"htsget": {**said, "error": error_name(code, status), "message": message, "code": code}}


def error_name(code: str, status: int) -> str:
    """What the specification calls it."""
    if status >= _SERVER_ERROR:
        return "InternalServerError"
    return _ERRORS.get(code) or _BY_STATUS.get(status, "InvalidInput")


def service_info(kind: DataType, *, service_id: str, name: str, version: str, url: str, operator: str) -> Json:
    """What `service-info` of one endpoint says. `url`: of the organisation that is called `operator`."""
    return {
        "id": service_id,
        "name": name,
        "type": {"group": "org.ga4gh", "artifact": "htsget", "version": VERSION},
        "organization": {"name": operator, "url": url},
        "version": version,
        "htsget": {
            "datatype": kind,
            "formats": list(FORMATS[kind]),
            "fieldsParameterEffective": False,
            "tagsParametersEffective": False,
        },
    }

"""Every page, and who looks at it in which state. A new page without a line here turns a test red."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests import builders as b


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody at a page. `path`: its address, with names of `world.lived_in` in braces."""

    route: str
    who: str = ""
    path: str = ""
    sends: Mapping[str, str] | None = None
    """A form that is sent from there, so that the page which follows is looked at."""
    to: str = ""
    """Where that form goes, if elsewhere than the page itself."""
    status: int = 200

    @property
    def address(self) -> str:
        return self.path or self.route

    @property
    def id(self) -> str:
        sent = f"+{'+'.join(self.sends.values())[:40]}" if self.sends is not None else ""
        return f"{self.address}@{self.who or 'anybody'}{sent}"


_MY = "/my-data/consents/{consent}"

LOOKS: tuple[Look, ...] = (
    Look("/"),
    Look("/datasets"),
    Look("/datasets", "ada", "/datasets?q=nothing+like+it"),
    Look("/dataset", "", "/dataset?id={dataset}"),
    Look("/dataset", "", "/dataset?id=none", status=404),
    Look("/register"),
    Look("/policies"),
    Look("/policies/{pack}", "", "/policies/eu-gdpr-ch5"),
    Look("/policies/{pack}/{version}", "", "/policies/eu-gdpr-ch5/{version}"),
    Look("/use"),
    Look("/use", "ada", "/use?kinds=hmb&countries=DE&organisation=non_profit&commercial=no"),
    Look("/use", "", "/use?kinds=hmb&countries=nowhere", status=400),
    Look("/use", "", "/use?kinds=disease&diseases.find=breast", status=400),
    Look("/pick/{what}", "", "/pick/diseases?diseases=MONDO:0005105&diseases.find=breast"),
    Look("/pick/{what}", "", "/pick/datasets?datasets.find=nothing+like+it"),
    Look("/pick/{what}", "ada", "/pick/datasets?datasets.find=heart"),
    Look("/rights"),
    Look("/figures"),
    Look("/status"),
    Look("/incidents"),
    Look("/incidents", "ada"),
    Look("/incidents", "lee"),
    Look("/complain"),
    Look("/complain", "", "/complain?about={dataset}", {"text": "Nobody asked me."}),
    Look("/complain", "ada", "", {"text": " "}, status=400),
    Look("/complain", "", "", {"do": "follow", "number": "cas_1", "key": "x"}, status=400),
    Look("/cases", "ada"),
    Look("/cases", "ada", "", {"do": "challenge", "request": "req_no", "kind": "appeal", "text": " "}, status=409),
    Look("/cases", "viv"),
    Look("/cases", "sam"),
    Look("/applications", "ada"),
    Look("/applications", "sam"),
    Look("/applications/new", "ada", "/applications/new?dataset={dataset}"),
    Look("/applications/new", "ada", "/applications/new?draft={draft}"),
    Look("/applications/new", "ada", "/applications/new?draft={draft}", {"do": "check", "datasets": b.HEART}),
    Look("/applications/new", "ada", "", {"do": "submit", "title": "Half a"}, status=400),
    Look("/applications/new", "ada", "", {"do": "find", "diseases.find": "cancer", "datasets": b.HEART}),
    Look("/applications/new", "ada", "", {"do": "submit", "diseases.find": "no such", "title": "T"}, status=400),
    Look("/applications/{application}", "ada", "/applications/{waiting}"),
    Look("/applications/{application}", "ada", "/applications/{returned}"),
    Look("/applications/{application}", "sam", "/applications/{waiting}", status=404),
    Look("/applications/{application}", "ada", "/applications/{answered}"),
    Look("/applications/{application}", "sam", "/applications/{answered}"),
    Look("/applications/{application}/edit", "ada", "/applications/{returned}/edit"),
    Look("/applications/{application}/amend", "ada", "/applications/{answered}/amend"),
    Look(
        "/applications/{application}/people",
        "ada",
        "/applications/{answered}",
        {"do": "bring"},
        "/applications/{answered}/people",
    ),
    Look("/join", "ada"),
    Look("/join", "max", "", {"code": "nonsense"}, status=400),
    Look("/inbox", "ada"),
    Look("/inbox", "sam"),
    Look("/inbox", "lee", "", {"do": "ask", "address": "nowhere"}, status=409),
    Look("/grants", "ada"),
    Look("/grants", "sam"),
    Look("/grants/{grant}", "ada", "/grants/{grant}"),
    Look("/grants/{grant}", "ada", "/grants/{ended}"),
    Look("/grants/{grant}", "mei", "/grants/{grant}"),
    Look("/grants/{grant}", "mei", "/grants/{grant}", {"do": "suspend", "ground": ""}, status=409),
    Look("/grants/{grant}", "ada", "/grants/{ended}", {"do": "publish", "doi": "x"}, status=409),
    Look("/grants/{grant}/findings", "ada", "/grants/{grant}/findings"),
    Look("/grants/{grant}/findings", "ada", "/grants/{grant}/findings", {"do": "report", "text": "x"}, status=409),
    Look("/grants/{grant}/findings", "mei", "/grants/{grant}/findings", status=403),
    Look("/findings", "kim"),
    Look("/findings", "eth"),
    Look("/findings", "sam"),
    Look("/findings", "kim", "", {"do": "close", "finding": "rsl_none"}, status=409),
    Look("/renewals", "mei"),
    Look("/renewals", "sam"),
    Look("/reviews", "mei"),
    Look("/reviews", "sam"),
    Look("/reviews/{review}", "mei", "/reviews/{waiting_review}"),
    Look("/reviews/{review}", "lee", "/reviews/{waiting_review}"),
    Look("/reviews/{review}", "max", "/reviews/{waiting_review}"),
    Look(
        "/reviews/{review}",
        "mei",
        "/reviews/{waiting_review}",
        {"do": "decide", "answer": "approve", "ground": ""},
        status=409,
    ),
    Look("/reviews/{review}", "mei", "/reviews/{returned_review}"),
    Look("/me", "ada"),
    Look("/me", "mei"),
    Look("/me/receipts/{receipt}", "ada", "/me/receipts/{receipt}"),
    Look("/decisions/{decision}", "mei", "/decisions/{refused}"),
    Look("/identities", "ada"),
    Look("/identities/confirm", "ada", "/identities/confirm?proof={proof}"),
    Look("/device", "ada"),
    Look("/device", "ada", "/device?user_code=none"),
    Look("/device", "ada", "/device?user_code={code}"),
    Look("/sign-in", "", "/sign-in?return_to=/me"),
    Look("/sign-in", "", "/sign-in?q=none"),
    Look("/oauth2/authorize", "ada", "{authorize}"),
    Look("/oauth2/end_session", "ada"),
    Look("/oauth2/end_session"),
    Look("/admin", "root"),
    Look("/admin", "sam", status=403),
    Look("/admin/sanctions", "root"),
    Look("/admin/sanctions", "lex"),
    Look("/admin/log", "eve"),
    Look("/admin/keys", "root"),
    Look("/admin/keys", "lex", status=403),
    Look(
        "/admin/sanctions",
        "root",
        "",
        {"do": "impose", "step": "warn", "kind": "person", "whom": "usr_none"},
        status=409,
    ),
    Look(
        "/admin/sanctions",
        "root",
        "",
        {"do": "impose", "step": "warn", "kind": "organisation", "whom": "rhine"},
        status=409,
    ),
    Look("/admin/running", "root"),
    Look("/admin/running", "root", "", {"do": "find", "person": "rhine"}),
    Look("/admin/running", "root", "", {"do": "find", "person": "usr_ada"}),
    Look("/admin/running", "eve"),
    Look("/admin/data", "root"),
    Look("/admin/packs", "root"),
    Look("/admin/packs", "eve"),
    Look("/admin/packs", "sam", status=403),
    Look("/admin/packs", "root", "", {"pack": "No name"}, status=409),
    Look("/admin/packs/{proposal}", "root", "/admin/packs/{draft_pack}"),
    Look("/admin/packs/{proposal}", "lex", "/admin/packs/{proposed_pack}"),
    Look("/admin/packs/{proposal}", "eve", "/admin/packs/{proposed_pack}"),
    Look("/admin/packs/{proposal}", "lex", "/admin/packs/{given_up_pack}"),
    Look(
        "/admin/packs/{proposal}",
        "root",
        "/admin/packs/{draft_pack}",
        {"do": "save", "seen": "9", "text": "x"},
        status=409,
    ),
    Look("/admin/packs/{proposal}", "root", "/admin/packs/{draft_pack}", {"form": "old", "do": "save"}, status=400),
    Look("/admin/packs/{proposal}", "root", "/admin/packs/{draft_pack}", {"do": "consult", "days": "x"}, status=409),
    Look("/consultations/{consultation}", "", "/consultations/{consultation}"),
    Look("/consultations/{consultation}", "lex", "/consultations/{consultation}"),
    Look("/consultations/{consultation}", "eli", "/consultations/{consultation}"),
    Look(
        "/consultations/{consultation}",
        "eli",
        "/consultations/{consultation}",
        {"form": "old", "do": "comment", "text": "Words of an hour."},
        status=400,
    ),
    Look("/admin/packs/{proposal}/effects", "lex", "/admin/packs/{proposed_pack}/effects"),
    Look("/admin/packs/{proposal}/effects", "lex", "/admin/packs/{proposed_pack}/effects?cause=0"),
    Look("/admin/packs/{proposal}/effects", "root", "/admin/packs/{draft_pack}/effects"),
    Look("/admin/{noun}", "root", "/admin/issuers"),
    Look("/admin/{noun}", "root", "/admin/idps", {"do": "add", "row": "{}"}, status=400),
    Look("/admin/{noun}", "root", "/admin/issuers", {"do": "look", "issuer": "https://new.example"}),
    Look("/admin/{noun}", "root", "/admin/issuers", {"do": "look", "issuer": "https://nobody.example"}, status=400),
    Look(
        "/admin/{noun}",
        "root",
        "/admin/idps",
        {"do": "look", "issuer": "https://college.example", "name": "College", "slug": "college", "client_id": "us"},
    ),
    Look(
        "/admin/{noun}",
        "root",
        "/admin/idps",
        {"do": "look", "issuer": "http://10.0.0.1", "name": "College", "slug": "college", "client_id": "us"},
        status=400,
    ),
    Look("/admin/{noun}", "root", "/admin/clients"),
    Look("/admin/{noun}", "root", "/admin/clients", {"do": "look", "id": "two words", "name": "Two"}, status=400),
    Look("/admin/{noun}/{name}", "root", "/admin/issuers/{issuer}", {"do": "test"}),
    Look("/admin/{noun}/{name}", "root", "/admin/issuers/{issuer}"),
    Look("/admin/{noun}/{name}", "root", "/admin/issuers/{issuer}", {"do": "suspend", "ground": " "}, status=409),
    Look("/admin/{noun}/{name}", "root", "/admin/clients/portal"),
    Look("/admin/{noun}/{name}", "root", "/admin/idps/{home}"),
    Look(
        "/admin/{noun}/{name}/change",
        "root",
        "/admin/issuers/{issuer}/change",
        {"do": "look", "version": "1", "values": "https://ega.example/datasets/*\nhttps://broker.example/datasets/*"},
    ),
    Look(
        "/admin/{noun}/{name}/change",
        "root",
        "/admin/issuers/{issuer}/change",
        {"do": "look", "values": "*"},
        status=400,
    ),
    Look(
        "/admin/{noun}/{name}/change",
        "root",
        "/admin/issuers/{issuer}/change",
        {"do": "look", "version": "0", "was": '{"values": "https://ega.example/old"}', "may_link": "yes"},
    ),
    Look("/admin/{noun}/{name}/change", "root", "/admin/clients/portal/change"),
    Look(
        "/admin/{noun}/{name}/change",
        "root",
        "/admin/idps/{home}/change",
        {"do": "look", "version": "1", "name": "Uni B"},
    ),
    Look("/admin/{noun}/{name}/change", "eve", "/admin/issuers/{issuer}/change", status=403),
    Look("/alerts", "mei"),
    Look("/alerts", "sam"),
    Look("/alerts", "mei", "", {"ground": ""}, status=409),
    Look("/community", "eli"),
    Look("/community", "eli", "", {"seen": "9", "benefit_terms": "A school."}, status=409),
    Look("/community", "sam", status=403),
    Look("/my-data", "pia"),
    Look("/my-data", "pia", "", {"do": "ask", "text": ""}, status=409),
    Look("/my-data/consents/{consent}", "pia", _MY),
    Look("/my-data/consents/{consent}", "pia", _MY, {"do": "choose", "seen": "1", "hosting": "Germny"}, status=409),
    Look("/my-data/consents/{consent}/receipt", "pia", f"{_MY}/receipt"),
    Look("/my-data/consents/{consent}/withdrawal", "pia", f"{_MY}/withdrawal"),
    Look("/my-data/withdrawal", "pia", "/my-data/withdrawal"),
    Look("/my-data/withdrawal", "paul", "", {"kind": "no_further_contact"}),
    Look("/my-data/withdrawal", "gone", "/my-data/withdrawal"),
    Look("/my-data", "gone"),
    Look("/my-data/consents/{consent}/receipt", "gone", "/my-data/consents/con-sub_gone/receipt"),
    Look("/none-such", "ada", status=404),
)

NO_PAGE = {
    "/oauth2/authorize/continue": "shows what /oauth2/authorize shows",
    "/oauth2/end_session/continue": "shows what /oauth2/end_session shows",
    "/sign-in/{idp}": "goes to the home organisation",
    "/sign-in/{idp}/callback": "comes from there, and goes on",
    "/applications/{application}/files/{file}": "gives out a file, which no browser shows as a page",
}
"""Addresses of pages that have none of their own, and why."""

WHO = {
    "": "anybody", "ada": "a researcher", "mei": "the chair of a committee", "lee": "a member of a committee",
    "max": "an invited reviewer", "viv": "an officer for complaints", "root": "an administrator", "eve": "an auditor",
    "lex": "a legal officer", "eli": "who speaks for a community", "pia": "a participant", "kim": "a custodian",
    "eth": "an ethics committee",
}  # fmt: skip
"""Whose pages have pictures; the others look at what is not there."""


def _pictures() -> Mapping[str, Look]:
    """One of each page for each of them, by the name of its file."""
    found: dict[str, Look] = {}
    for look in LOOKS:
        if look.status == 200 and look.sends is None and look.who in WHO:
            words = [*re.findall(r"[a-z]+", look.route), look.who or "anybody"]
            found.setdefault("-".join(words), look)
    return found


PICTURES = _pictures()

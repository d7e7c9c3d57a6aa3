"""How does the demo's sign-in page look? HTML that works without script, with everything escaped.

Each persona is a button of one form, which sends the request's own parameters along: nothing is kept here.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from jinja2 import Environment

from broker.demo.idp_requests import IdpClient
from broker.demo.people import NEWCOMERS, IssuerName, Persona

TITLES: Final[dict[IssuerName, str]] = {
    "home": "Demo university federation",
    "biobank": "Demo biobank, participants' entrance",
    "college": "Demo college, not connected at first",
}

_STYLE: Final = """
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
button { display: block; width: 100%; margin: .6rem 0; padding: .8rem 1rem; font: inherit; text-align: left;
  color: #1a1a1a; background: #eef3f8; border: 2px solid #34506b; border-radius: .4rem; cursor: pointer; }
button:focus-visible { outline: 4px solid #b35900; outline-offset: 2px; }
"""

_PAGES = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)

_FRAME: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ heading }} - {{ title }}</title>
<style>{{ style | safe }}</style>
</head>
<body>
<main>
<h1>{{ heading }}</h1>
"""

_SIGN_IN = _PAGES.from_string(
    _FRAME
    + """<p>{{ title }}. Nobody here is real, and there are no passwords: choose who you are.</p>
<form method="post" action="{{ action }}">
{% for name, value in parameters.items() %}
<input type="hidden" name="{{ name }}" value="{{ value }}">
{% endfor %}
{% for persona in personas %}
<button name="persona" value="{{ persona.id }}"{{ " autofocus" if persona.id == hint }}>{{ persona.title }}</button>
{% endfor %}
<button name="persona" value="">Nobody: go back without signing in</button>
</form>
</main>
</body>
</html>
"""
)

_HELPDESK = _PAGES.from_string(
    _FRAME
    + """<p>{{ title }}. Nobody here is real. A home organisation tells whoever connects it what stands here, and tells
nobody else.</p>
{% for one in clients %}
<dl>
<dt>Our address</dt><dd><code>{{ url }}</code></dd>
<dt>Your client id</dt><dd><code>{{ one.id }}</code></dd>
<dt>Your secret</dt><dd><code>{{ one.secret }}</code></dd>
<dt>Where we send people back to</dt>{% for uri in one.redirect_uris %}<dd><code>{{ uri }}</code></dd>{% endfor %}

<dt>The domain of our people</dt><dd><code>{{ domain }}</code></dd>
</dl>
{% endfor %}
</main>
</body>
</html>
"""
)
_REFUSAL = _PAGES.from_string(_FRAME + "<p>{{ why }}</p>\n</main>\n</body>\n</html>\n")


def sign_in_page(
    issuer: IssuerName,
    action: str,
    parameters: Mapping[str, str],
    personas: tuple[Persona, ...],
    hint: str | None,
) -> str:
    """The list of personas. `action`: where the form goes; `hint`: whose button has the focus."""
    return _SIGN_IN.render(
        heading="Sign in",
        title=TITLES[issuer],
        style=_STYLE,
        action=action,
        parameters=parameters,
        personas=personas,
        hint=hint,
    )


def helpdesk_page(issuer: IssuerName, url: str, clients: Sequence[IdpClient]) -> str:
    """What who connects this issuer needs to know of it."""
    domain = next(one.affiliations[0] for one in NEWCOMERS if one.issuer == issuer).partition("@")[2]
    shown = {"heading": "How to connect us", "title": TITLES[issuer], "style": _STYLE}
    return _HELPDESK.render(shown, url=url, clients=clients, domain=domain)


def refusal_page(issuer: IssuerName, why: str) -> str:
    """A page for the person, where no client is known that could be told."""
    return _REFUSAL.render(heading="This cannot go on", title=TITLES[issuer], style=_STYLE, why=why)


def content_security_policy(redirect_uri: str | None) -> str:
    """Nothing but our own style and our own form, which may lead back to the client; never in a frame."""
    parts = urlsplit(redirect_uri or "")
    back = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
    style = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; form-action 'self'{back}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )

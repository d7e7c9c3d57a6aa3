"""Every address of the broker in ONE table: method, path, handler, who may call, and the form of its errors.

docs/reference/http.md is printed from it, and a test walks it.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from broker.core.administration import SORTS
from broker.flows.repositories.deciding import Desk
from broker.web import (
    admin,
    alerts,
    api,
    applications,
    assertions,
    attached,
    audit,
    authorize,
    authzen,
    cases,
    choosing,
    communities,
    consents,
    consultations,
    data,
    device,
    devices,
    drs,
    drs_bulk,
    grants,
    health,
    htsget,
    identities,
    incidents,
    lists,
    logout,
    notices,
    obligations,
    oidc,
    openapi,
    origins,
    pack_proposals,
    proxies,
    public,
    recipients,
    repositories,
    results,
    reviews,
    sanctions,
    sign_in,
    staging,
    tasks,
    together,
    visas,
)
from broker.web.asking import DESK
from broker.web.middleware import ERROR_FAMILIES, ERROR_FORMS, ERROR_PAGE, ErrorForm
from broker.web.openapi import OPENAPI
from broker.web.pages import (
    addresses,
    applying,
    catalogue,
    challenged,
    desk,
    granted,
    inbox,
    render,
    transparency,
    troubled,
)
from broker.web.pages.problems import page
from broker.web.state import BROKER

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Who(StrEnum):
    """Whom an address answers."""

    ANYBODY = "anybody"
    CLIENT = "a client with its credentials"
    REGISTRAR = "who has the initial access token, if registration is on"
    TOKEN = "a person, by an access token"  # noqa: S105 (a description)
    PASSPORT = "a person, by Passports"
    TICKET = "who was given a data ticket"
    BROWSER = "a person in a browser, by session"
    REPOSITORY = "a repository, about its own data"
    PROVIDER = "a home identity provider, by a signed message"


_PARAMETER = re.compile(r"\{(\w+)[^}]*\}")


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    handler: Handler
    who: Who
    form: ErrorForm | None = None
    """How errors are written; None: RFC 9457 problem JSON."""

    @property
    def shown(self) -> str:
        """The path as people write it: what a parameter may be is left out."""
        return _PARAMETER.sub(r"{\1}", self.path)

    @property
    def is_public(self) -> bool:
        """Does it answer without credentials?"""
        return self.who is Who.ANYBODY


_DRS = "/ga4gh/drs/v1"
_OBJECT = _DRS + "/objects/{object_id:(?:(?!/access/).)+}"
"""Ids are to be percent-encoded; Gen3's have a slash, and its clients write it as it is."""
_HTSGET = "/ga4gh/htsget/v1"
_API = "/api/v1"
_LOG = "/audit/{log:[0-9][0-9a-z-]*}"

_BESIDES = (*pack_proposals.ADDRESSES, *origins.ADDRESSES, *consultations.ADDRESSES)


ROUTES: tuple[Route, ...] = (
    Route("GET", "/.well-known/openid-configuration", oidc.openid_configuration, Who.ANYBODY),
    Route("GET", "/.well-known/oauth-authorization-server", oidc.openid_configuration, Who.ANYBODY),
    Route("GET", "/.well-known/oauth-protected-resource", oidc.protected_resource, Who.ANYBODY),
    Route("GET", "/.well-known/oauth-protected-resource/ga4gh/drs/v1", oidc.protected_drs, Who.ANYBODY),
    Route("GET", "/.well-known/oauth-protected-resource/ga4gh/htsget/v1", oidc.protected_htsget, Who.ANYBODY),
    Route("GET", "/.well-known/jwks.json", oidc.jwks, Who.ANYBODY),
    Route("HEAD", "/.well-known/jwks.json", oidc.jwks, Who.ANYBODY),
    Route("GET", "/visas/jwks.json", oidc.visa_jwks, Who.ANYBODY),
    Route("HEAD", "/visas/jwks.json", oidc.visa_jwks, Who.ANYBODY),
    Route("GET", "/oauth2/authorize", authorize.authorize, Who.BROWSER, page),
    Route("POST", "/oauth2/authorize", authorize.authorize, Who.BROWSER, page),
    Route("GET", "/oauth2/authorize/continue", authorize.go_on, Who.BROWSER, page),
    Route("POST", "/oauth2/authorize/continue", authorize.agreed, Who.BROWSER, page),
    Route("GET", "/oauth2/end_session", logout.end_session, Who.BROWSER, page),
    Route("POST", "/oauth2/end_session", logout.end_session, Who.BROWSER, page),
    Route("GET", "/oauth2/end_session/continue", logout.go_on, Who.BROWSER, page),
    Route("POST", "/oauth2/end_session/continue", logout.confirmed, Who.BROWSER, page),
    Route("POST", "/oauth2/par", oidc.post_par, Who.CLIENT, oidc.error),
    Route("POST", "/oauth2/register", oidc.post_register, Who.REGISTRAR, oidc.error),
    Route("POST", "/oauth2/token", oidc.post_token, Who.CLIENT, oidc.error),
    Route("GET", "/oauth2/userinfo", oidc.any_userinfo, Who.TOKEN, oidc.error),
    Route("POST", "/oauth2/userinfo", oidc.any_userinfo, Who.TOKEN, oidc.error),
    Route("POST", "/oauth2/introspect", oidc.post_introspect, Who.CLIENT, oidc.error),
    Route("POST", "/oauth2/revoke", oidc.post_revoke, Who.CLIENT, oidc.error),
    Route("POST", "/oauth2/device_authorization", device.post_device_authorization, Who.CLIENT, oidc.error),
    Route("GET", "/device", device.page, Who.BROWSER, page),
    Route("POST", "/device", device.answered, Who.BROWSER, page),
    Route("GET", "/identities", identities.page, Who.BROWSER, page),
    Route("POST", "/identities/link", identities.begin, Who.BROWSER, page),
    Route("GET", "/identities/confirm", identities.confirm, Who.BROWSER, page),
    Route("POST", "/identities/confirm", identities.confirmed, Who.BROWSER, page),
    Route("POST", "/identities/unlink", identities.part, Who.BROWSER, page),
    Route("GET", "/", catalogue.home, Who.ANYBODY, page),
    *(Route(method, path, handler, Who.ANYBODY, page) for method, path, handler in addresses.PUBLIC),
    Route("GET", "/register.xml", transparency.register_feed, Who.ANYBODY),
    Route("GET", "/incidents", troubled.listing, Who.ANYBODY, page),
    Route("POST", "/incidents", troubled.acted, Who.BROWSER, page),
    Route("GET", "/complain", challenged.complaint_form, Who.ANYBODY, page),
    Route("POST", "/complain", challenged.complained, Who.ANYBODY, page),
    Route("GET", "/cases", challenged.listing, Who.BROWSER, page),
    Route("POST", "/cases", challenged.acted, Who.BROWSER, page),
    Route("GET", "/applications", applying.mine, Who.BROWSER, page),
    Route("GET", "/applications/new", applying.new, Who.BROWSER, page),
    Route("POST", "/applications/new", applying.written, Who.BROWSER, page),
    Route("GET", "/applications/{application}", applying.show, Who.BROWSER, page),
    Route("POST", "/applications/{application}/withdrawal", applying.taken_back, Who.BROWSER, page),
    Route("GET", "/inbox", inbox.listing, Who.BROWSER, page),
    Route("POST", "/inbox", inbox.acted, Who.BROWSER, page),
    Route("GET", "/grants", granted.mine, Who.BROWSER, page),
    Route("GET", "/grants/{grant}", granted.show, Who.BROWSER, page),
    Route("POST", "/grants/{grant}", granted.acted, Who.BROWSER, page),
    Route("GET", "/renewals", granted.calendar, Who.BROWSER, page),
    Route("GET", "/reviews", desk.listed, Who.BROWSER, page),
    Route("GET", "/reviews/{review}", desk.show, Who.BROWSER, page),
    Route("POST", "/reviews/{review}", desk.acted, Who.BROWSER, page),
    *(Route(method, path, handler, Who.BROWSER, page) for method, path, handler in addresses.SIGNED_IN),
    Route("GET", "/sign-in", choosing.choose, Who.BROWSER, page),
    Route("GET", "/sign-in/{idp}", sign_in.go, Who.BROWSER, page),
    Route("GET", "/sign-in/{idp}/callback", sign_in.callback, Who.BROWSER, page),
    Route("POST", "/sign-in/{idp}/backchannel-logout", logout.from_home, Who.PROVIDER, oidc.error),
    Route("GET", f"{_DRS}/service-info", drs.get_service_info, Who.ANYBODY, drs.error),
    Route("OPTIONS", f"{_DRS}/objects", drs_bulk.options_objects, Who.ANYBODY, drs.error),
    Route("POST", f"{_DRS}/objects", drs_bulk.post_objects, Who.ANYBODY, drs.error),
    Route("POST", f"{_DRS}/objects/access", drs_bulk.post_accesses, Who.PASSPORT, drs.error),
    Route("OPTIONS", _OBJECT, drs.options_object, Who.ANYBODY, drs.error),
    Route("GET", _OBJECT, drs.get_object, Who.ANYBODY, drs.error),
    Route("POST", _OBJECT, drs.post_object, Who.ANYBODY, drs.error),
    Route("GET", f"{_OBJECT}/access/{{access_id}}", drs.get_access, Who.TOKEN, drs.error),
    Route("POST", f"{_OBJECT}/access/{{access_id}}", drs.post_access, Who.PASSPORT, drs.error),
    Route("GET", f"{_HTSGET}/reads/service-info", htsget.reads_info, Who.ANYBODY, htsget.error),
    Route("GET", f"{_HTSGET}/variants/service-info", htsget.variants_info, Who.ANYBODY, htsget.error),
    Route("GET", f"{_HTSGET}/reads/{{id:.+}}", htsget.get_reads, Who.TOKEN, htsget.error),
    Route("POST", f"{_HTSGET}/reads/{{id:.+}}", htsget.post_reads, Who.TOKEN, htsget.error),
    Route("GET", f"{_HTSGET}/variants/{{id:.+}}", htsget.get_variants, Who.TOKEN, htsget.error),
    Route("POST", f"{_HTSGET}/variants/{{id:.+}}", htsget.post_variants, Who.TOKEN, htsget.error),
    Route("GET", f"{htsget.FILTERED}/{{id:.+}}", htsget.get_filtered, Who.TICKET, htsget.error),
    Route("GET", f"{htsget.SEALED}/{{id:.+}}", htsget.get_sealed, Who.TICKET, htsget.error),
    Route("GET", "/data/{object_id}", data.get, Who.TICKET),
    Route("HEAD", "/data/{object_id}", data.head, Who.TICKET),
    Route("GET", f"{_API}/openapi.json", openapi.get_openapi, Who.ANYBODY),
    Route("GET", f"{_API}/datasets", lists.list_datasets, Who.ANYBODY),
    Route("GET", f"{_API}/datasets/objects", lists.list_objects, Who.ANYBODY),
    Route("POST", f"{_API}/decisions", api.post_decision, Who.TOKEN),
    Route("POST", f"{_API}/pre-checks", api.post_pre_check, Who.TOKEN),
    Route("GET", f"{_API}/decisions/{{decision}}", api.get_decision, Who.TOKEN),
    Route("GET", f"{_API}/requests", lists.list_requests, Who.TOKEN),
    Route("POST", f"{_API}/requests", api.post_request, Who.TOKEN),
    Route("GET", f"{_API}/requests/{{request}}", api.get_request, Who.TOKEN),
    Route("POST", f"{_API}/requests/{{request}}/decision", api.decide, Who.TOKEN),
    Route("POST", f"{_API}/requests/{{request}}/findings", api.post_finding, Who.TOKEN),
    Route("POST", f"{_API}/requests/{{request}}/withdrawal", api.withdraw_request, Who.TOKEN),
    Route("GET", f"{_API}/me/drafts", applications.list_drafts, Who.TOKEN),
    Route("POST", f"{_API}/me/drafts", applications.post_draft, Who.TOKEN),
    Route("GET", f"{_API}/me/drafts/{{draft}}", applications.get_draft, Who.TOKEN),
    Route("PUT", f"{_API}/me/drafts/{{draft}}", applications.put_draft, Who.TOKEN),
    Route("DELETE", f"{_API}/me/drafts/{{draft}}", applications.delete_draft, Who.TOKEN),
    Route("GET", f"{_API}/forms/application", applications.get_form, Who.TOKEN),
    Route("GET", f"{_API}/applications", applications.list_applications, Who.TOKEN),
    Route("POST", f"{_API}/applications", applications.post_application, Who.TOKEN),
    Route("GET", f"{_API}/applications/{{application}}", applications.get_application, Who.TOKEN),
    Route("POST", f"{_API}/applications/{{application}}/turns", applications.post_turn, Who.TOKEN),
    Route("POST", f"{_API}/applications/{{application}}/withdrawal", applications.withdraw_application, Who.TOKEN),
    Route("GET", f"{_API}/applications/{{application}}/files", attached.list_files, Who.TOKEN),
    Route("POST", f"{_API}/applications/{{application}}/files", attached.post_file, Who.TOKEN),
    Route("GET", f"{_API}/applications/{{application}}/files/{{file}}", attached.get_file, Who.TOKEN),
    Route("DELETE", f"{_API}/applications/{{application}}/files/{{file}}", attached.delete_file, Who.TOKEN),
    Route("POST", f"{_API}/applications/{{application}}/amendments", together.post_amendment, Who.TOKEN),
    Route("POST", f"{_API}/applications/{{application}}/codes", together.post_code, Who.TOKEN),
    Route("DELETE", f"{_API}/applications/{{application}}/people/{{person}}", together.delete_person, Who.TOKEN),
    Route("POST", f"{_API}/joining", together.post_join, Who.TOKEN),
    Route("POST", f"{_API}/joining/look", together.post_look, Who.TOKEN),
    Route("GET", f"{_API}/reviews", reviews.list_reviews, Who.TOKEN),
    Route("GET", f"{_API}/reviews/{{review}}", reviews.get_review, Who.TOKEN),
    Route("POST", f"{_API}/reviews/{{review}}/endorsement", reviews.post_endorsement, Who.TOKEN),
    Route("POST", f"{_API}/reviews/{{review}}/confirmation", reviews.post_confirmation, Who.TOKEN),
    Route("POST", f"{_API}/reviews/{{review}}/remarks", reviews.post_remark, Who.TOKEN),
    Route("POST", f"{_API}/reviews/{{review}}/invitations", reviews.post_invitation, Who.TOKEN),
    Route("POST", f"{_API}/reviews/{{review}}/assessments", reviews.post_assessment, Who.TOKEN),
    Route("POST", f"{_API}/reviews/{{review}}/delay", reviews.post_delay, Who.TOKEN),
    Route("POST", f"{_API}/reviews/{{review}}/votes", reviews.post_vote, Who.TOKEN),
    Route("POST", f"{_API}/reviews/{{review}}/aside", reviews.post_aside, Who.TOKEN),
    Route("POST", f"{_API}/reviews/{{review}}/return", reviews.post_return, Who.TOKEN),
    Route("POST", f"{_API}/reviews/{{review}}/reopening", reviews.post_reopening, Who.TOKEN),
    Route("GET", f"{_API}/register", public.get_register, Who.ANYBODY),
    Route("GET", f"{_API}/figures", public.get_figures, Who.ANYBODY),
    Route("GET", f"{_API}/policies", public.list_policies, Who.ANYBODY),
    Route("GET", f"{_API}/policies/{{pack}}", public.get_policy, Who.ANYBODY),
    Route("GET", f"{_API}/consultations", consultations.list_consultations, Who.ANYBODY),
    Route("GET", f"{_API}/consultations/{{consultation}}", consultations.get_consultation, Who.ANYBODY),
    *(Route(m, _API + path, told, Who.TOKEN) for m, path, told in _BESIDES),
    Route("GET", f"{_API}/incidents", incidents.list_published, Who.ANYBODY),
    Route("POST", f"{_API}/incidents", incidents.post_incident, Who.TOKEN),
    Route("GET", f"{_API}/me/incidents", incidents.list_mine, Who.TOKEN),
    Route("POST", f"{_API}/incidents/{{incident}}/freeze", incidents.post_freeze, Who.TOKEN),
    Route("POST", f"{_API}/incidents/{{incident}}/steps", incidents.post_step, Who.TOKEN),
    *(Route(m, f"{_API}{path}", handler, Who.TOKEN) for m, path, handler in (*results.ADDRESSES, *alerts.ADDRESSES)),
    Route("POST", f"{_API}/complaints", cases.post_complaint, Who.ANYBODY),
    Route("POST", f"{_API}/complaints/{{case}}", cases.post_follow, Who.ANYBODY),
    Route("POST", f"{_API}/requests/{{request}}/challenges", cases.post_challenge, Who.TOKEN),
    Route("POST", f"{_API}/me/questions", cases.post_question, Who.TOKEN),
    Route("GET", f"{_API}/cases", cases.list_cases, Who.TOKEN),
    Route("POST", f"{_API}/cases/{{case}}/acknowledgement", cases.post_acknowledgement, Who.TOKEN),
    Route("POST", f"{_API}/cases/{{case}}/answer", cases.post_answer, Who.TOKEN),
    Route("POST", f"{_API}/cases/{{case}}/withdrawal", cases.post_withdrawal, Who.TOKEN),
    Route("GET", f"{_API}/exceptions", lists.list_exceptions, Who.ANYBODY),
    Route("GET", f"{_API}/grants", grants.list_grants, Who.TOKEN),
    Route("GET", f"{_API}/renewals", grants.list_renewals, Who.TOKEN),
    Route("GET", f"{_API}/grants/{{grant}}", grants.get_grant, Who.TOKEN),
    Route("POST", f"{_API}/grants/{{grant}}/renewals", grants.post_renewal, Who.TOKEN),
    Route("POST", f"{_API}/grants/{{grant}}/publications", grants.post_publication, Who.TOKEN),
    Route("POST", f"{_API}/grants/{{grant}}/publications/taken-back", grants.post_publication_taken_back, Who.TOKEN),
    Route("POST", f"{_API}/grants/{{grant}}/renewals/answer", grants.post_renewal_answer, Who.TOKEN),
    Route("POST", f"{_API}/grants/{{grant}}/suspension", grants.post_suspension, Who.TOKEN),
    Route("POST", f"{_API}/grants/{{grant}}/resumption", grants.post_resumption, Who.TOKEN),
    Route("POST", f"{_API}/grants/{{grant}}/revocation", grants.post_end, Who.TOKEN),
    Route("POST", f"{_API}/grants/{{grant}}/closing", grants.post_closing, Who.TOKEN),
    Route("POST", f"{_API}/grants/{{grant}}/obligations/{{obligation}}", obligations.post_fulfilment, Who.TOKEN),
    Route("GET", f"{_API}/me", api.me, Who.TOKEN),
    Route("PUT", f"{_API}/me/location", api.put_location, Who.TOKEN),
    Route("DELETE", f"{_API}/me/session", api.end_session, Who.TOKEN),
    Route("DELETE", f"{_API}/me/remembered/{{client}}", api.forget_client, Who.TOKEN),
    Route("GET", f"{_API}/me/identities", identities.listed, Who.TOKEN),
    Route("DELETE", f"{_API}/me/identities/{{link}}", identities.unlinked, Who.TOKEN),
    Route("GET", f"{_API}/me/devices", devices.my_devices, Who.TOKEN),
    Route("DELETE", f"{_API}/me/devices/{{client}}", devices.remove_device, Who.TOKEN),
    Route("GET", f"{_API}/me/notices", notices.list_notices, Who.TOKEN),
    Route("POST", f"{_API}/me/notices/read", notices.post_read, Who.TOKEN),
    Route("GET", f"{_API}/me/keys", recipients.list_keys, Who.TOKEN),
    Route("POST", f"{_API}/me/keys", recipients.post_key, Who.TOKEN),
    Route("PUT", f"{_API}/me/keys/{{key}}", recipients.put_key, Who.TOKEN),
    Route("DELETE", f"{_API}/me/keys/{{key}}", recipients.delete_key, Who.TOKEN),
    Route("GET", f"{_API}/me/tasks", tasks.list_tasks, Who.TOKEN),
    Route("DELETE", f"{_API}/me/tasks/{{task}}", tasks.delete_task, Who.TOKEN),
    Route("GET", f"{_API}/communities", communities.mine, Who.TOKEN),
    Route("PUT", f"{_API}/communities/decisions/{{record}}", communities.decided, Who.TOKEN),
    Route("GET", f"{_API}/me/consents", consents.my_consents, Who.TOKEN),
    Route("POST", f"{_API}/me/consents/withdrawal", consents.withdraw_consent, Who.TOKEN),
    Route("GET", f"{_API}/me/consents/{{consent}}", consents.my_consent, Who.TOKEN),
    Route("PUT", f"{_API}/me/consents/{{consent}}", consents.choose, Who.TOKEN),
    Route("GET", f"{_API}/me/consents/{{consent}}/receipt", consents.my_receipt, Who.TOKEN),
    Route("POST", f"{_API}/me/consents/{{consent}}/withdrawal", consents.withdraw_one, Who.TOKEN),
    Route("GET", f"{_API}/me/questions", consents.my_questions, Who.TOKEN),
    Route("POST", f"{_API}/me/questions/{{question}}", consents.answer_question, Who.TOKEN),
    Route("GET", f"{_API}/consents", consents.get_consents, Who.TOKEN),
    Route("POST", f"{_API}/consents", consents.post_consents, Who.TOKEN),
    Route("GET", f"{_API}/consents/invitations", consents.get_invitations, Who.TOKEN),
    Route("GET", f"{_API}/me/visas", assertions.my_visas, Who.TOKEN),
    Route("POST", f"{_API}/me/terms", assertions.accept_terms, Who.TOKEN),
    Route("GET", f"{_API}/assertions", assertions.list_assertions, Who.TOKEN),
    Route("POST", f"{_API}/assertions", assertions.post_assertion, Who.TOKEN),
    Route("GET", f"{_API}/assertions/{{assertion}}", assertions.get_assertion, Who.TOKEN),
    Route("PUT", f"{_API}/assertions/{{assertion}}", assertions.put_assertion, Who.TOKEN),
    Route("DELETE", f"{_API}/assertions/{{assertion}}", assertions.delete_assertion, Who.TOKEN),
    Route("POST", f"{_API}/visas", visas.post_visas, Who.TOKEN),
    Route("DELETE", f"{_API}/visas", visas.delete_visas, Who.TOKEN),
    Route("GET", f"{_API}/visa-sources", visas.visa_sources, Who.TOKEN),
    Route("GET", f"{_API}/sanctions", sanctions.list_sanctions, Who.TOKEN),
    Route("POST", f"{_API}/sanctions", sanctions.post_sanction, Who.TOKEN),
    Route("POST", f"{_API}/sanctions/{{sanction}}/lift", sanctions.post_lift, Who.TOKEN),
    Route("POST", f"{_API}/revocations", api.post_revocation, Who.TOKEN),
    Route("POST", f"{_API}/objects/{{object_id}}/availability", staging.post_availability, Who.TOKEN),
    *(Route(m, f"{_API}/{noun}{path}", handler, Who.TOKEN) for noun in SORTS for m, path, handler in admin.ADDRESSES),
    Route("POST", f"{_API}/clients/{{name}}/secret", admin.post_secret, Who.TOKEN),
    Route("GET", f"{_API}/issuers/{{name}}/health", admin.issuer_health, Who.TOKEN),
    Route("GET", f"{_API}/idps/{{name}}/health", admin.provider_health, Who.TOKEN),
    Route("POST", f"{_API}/issuers/{{name}}/keys/refresh", admin.refresh_keys, Who.TOKEN),
    Route("POST", f"{_API}/issuers/{{name}}/keys/expel", admin.expel_key, Who.TOKEN),
    Route("GET", f"{_API}/feed", repositories.get_feed, Who.REPOSITORY),
    Route("POST", f"{_API}/usage", repositories.post_usage, Who.REPOSITORY),
    Route("GET", f"{_API}/audit/entries", audit.entries, Who.TOKEN),
    Route("GET", "/audit/checkpoint", audit.checkpoint, Who.ANYBODY),
    Route("GET", "/audit/checkpoint/witnessed", audit.witnessed, Who.ANYBODY),
    Route("GET", "/audit/tile/{path:.+}", audit.tile, Who.ANYBODY),
    Route("GET", "/audit/logs", audit.logs, Who.ANYBODY),
    Route("GET", "/audit/verify_receipt.py", audit.receipt_checker, Who.ANYBODY),
    Route("GET", f"{_LOG}/checkpoint", audit.checkpoint, Who.ANYBODY),
    Route("GET", f"{_LOG}/checkpoint/witnessed", audit.witnessed, Who.ANYBODY),
    Route("GET", _LOG + "/tile/{path:.+}", audit.tile, Who.ANYBODY),
    Route("GET", f"{_LOG}/proof/consistency", audit.consistency, Who.ANYBODY),
    Route("GET", "/audit/receipts/{receipt}", audit.proof, Who.ANYBODY),
    Route("GET", "/audit/proof/consistency", audit.consistency, Who.ANYBODY),
    Route("GET", "/.well-known/authzen-configuration", authzen.configuration, Who.ANYBODY, authzen.error),
    Route("POST", "/access/v1/evaluation", authzen.post_evaluation, Who.REPOSITORY, authzen.error),
    Route("POST", "/access/v1/evaluations", authzen.post_evaluations, Who.REPOSITORY, authzen.error),
    Route("POST", "/access/v1/search/subject", authzen.post_subject_search, Who.REPOSITORY, authzen.error),
    Route("POST", "/access/v1/search/resource", authzen.post_resource_search, Who.REPOSITORY, authzen.error),
    Route("POST", "/access/v1/search/action", authzen.post_action_search, Who.REPOSITORY, authzen.error),
    Route("GET", "/authz/nginx", proxies.nginx, Who.REPOSITORY, proxies.error),
    Route("GET", f"{proxies.ENVOY}{{path:.*}}", proxies.envoy, Who.REPOSITORY, proxies.error),
    Route("HEAD", f"{proxies.ENVOY}{{path:.*}}", proxies.envoy, Who.REPOSITORY, proxies.error),
    Route("GET", "/authz/htsget-rs", proxies.htsget_rs, Who.REPOSITORY, proxies.error),
    Route("GET", "/healthz", health.healthz, Who.ANYBODY),
    Route("GET", "/readyz", health.readyz, Who.ANYBODY),
    Route("GET", "/metrics", health.metrics, Who.ANYBODY),
    Route("GET", "/static/{name}", render.static, Who.ANYBODY),
)


FAMILIES: tuple[tuple[str, ErrorForm], ...] = (
    (f"{_DRS}/", drs.error),
    (f"{_HTSGET}/", htsget.error),
    *((begin, page) for begin in ("/oauth2/authorize", "/oauth2/end_session")),
    ("/oauth2/", oidc.error),
    *((begin, page) for begin in ("/device", "/sign-in", "/identities")),
    *((f"/{begin}", page) for begin in ("applications", "complain", "incidents", "cases", "reviews", "grants")),
    *((begin, page) for begin in ("/renewals", "/inbox")),
    *((begin, page) for begin in addresses.FAMILIES),
    ("/access/v1/", authzen.error),
    ("/authz/", proxies.error),
)
"""How errors are written where a path begins like this and no route answers; the first that fits."""


def add_routes(app: web.Application) -> None:
    """Put the table into `app`. HEAD is answered only where the table says so."""
    forms: dict[str, ErrorForm] = {}
    for route in ROUTES:
        added = app.router.add_route(route.method, route.path, route.handler)
        if route.form is not None and added.resource is not None:
            forms[added.resource.canonical] = route.form
    app[OPENAPI] = openapi.document(ROUTES, app[BROKER].administration.forms, app[BROKER].version)
    app[ERROR_FORMS] = forms
    app[ERROR_FAMILIES], app[ERROR_PAGE] = FAMILIES, page
    repositories.set_up(app)
    app[DESK] = Desk(verifier=app[BROKER].verifier)
    app[authzen.PDP] = authzen.OurDecisions(app[BROKER].world, app[DESK])

"""What a client's makers, and the operator who helps them, are told of a request that went wrong."""

from pathlib import Path

from structlog.testing import capture_logs

from tests.web.site import site

FORM = "application/x-www-form-urlencoded"


async def test_a_body_of_another_kind_is_told_which_kind_is_wanted(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        answer = await s.http.post("/oauth2/token", json={"grant_type": "refresh_token"})
        told = await answer.json()
    assert (told["error"], told["code"]) == ("invalid_request", "REQ-MEDIA-TYPE")
    assert FORM in told["error_description"]


async def test_the_process_log_names_why_a_client_was_refused_and_nothing_that_it_sent(tmp_path: Path) -> None:
    body = "grant_type=refresh_token&client_id=nobody-known&client_secret=not-so-secret"
    async with site(tmp_path) as s:
        with capture_logs() as logged:
            answer = await s.http.post("/oauth2/token", data=body, headers={"Content-Type": FORM})
    assert answer.status == 401
    (line,) = [entry for entry in logged if entry["event"] == "request"]
    assert line["code"] == "AUTH-CLIENT-FAILED"
    assert "not-so-secret" not in str(logged)
    assert "nobody-known" not in str(logged)

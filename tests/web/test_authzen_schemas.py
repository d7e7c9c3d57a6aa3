"""schemas/authzen.schema.json: takes the questions that the broker takes, and says how its answers look."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from broker.core.authz.asked import MOST_TEXT, Fault, read_evaluation, read_evaluations, read_search
from tests import builders as b
from tests.web.depot import as_client, ask, depots, question, user
from tests.web.site import site

SCHEMA = json.loads((b.CONFIG.parent / "schemas" / "authzen.schema.json").read_text("utf-8"))
READERS: dict[str, Callable[[Any], Any]] = {
    "EvaluationRequest": read_evaluation,
    "EvaluationsRequest": read_evaluations,
    "SubjectSearchRequest": lambda body: read_search(body, "subject"),
    "ResourceSearchRequest": lambda body: read_search(body, "resource"),
    "ActionSearchRequest": lambda body: read_search(body, "action"),
}
odd: st.SearchStrategy[Any] = st.sampled_from([None, 1, 0, True, "", "x" * MOST_TEXT, "x" * (MOST_TEXT + 1), [], {}])
ENTITY = {"type": odd | st.just("user"), "id": odd | st.just("ada"), "properties": odd | st.just({"iss": "x"})}
entities = odd | st.fixed_dictionaries({}, optional=ENTITY)
actions = odd | st.fixed_dictionaries({}, optional={"name": odd | st.just("download"), "properties": odd})
pages = odd | st.fixed_dictionaries({}, optional={"limit": odd | st.integers(-1, 200), "token": odd})
options = odd | st.fixed_dictionaries({}, optional={"evaluations_semantic": odd | st.just("deny_on_first_deny")})
PLAIN: dict[str, Any] = {"subject": {"type": "user", "id": "ada"}, "action": {"name": "download"},
         "resource": {"type": "object", "id": "o"}}  # fmt: skip
MEMBERS = {"subject": entities, "action": actions, "resource": entities, "context": odd, "page": pages,
           "options": options, "evaluations": odd | st.lists(odd, max_size=2)}  # fmt: skip
changed = st.fixed_dictionaries({}, optional=MEMBERS).map(lambda changes: PLAIN | changes)
bodies = changed | st.fixed_dictionaries({}, optional=MEMBERS) | odd


def faults(kind: str, value: Any) -> list[str]:
    validator = Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{kind}"}, format_checker=FormatChecker())
    return [f"{one.json_path}: {one.message}" for one in validator.iter_errors(value)]


@pytest.mark.row("AZ-SCHEMA")
@pytest.mark.parametrize("kind", READERS)
@given(body=bodies)
def test_what_the_schema_takes_is_what_the_broker_takes(kind: str, body: Any) -> None:
    assert isinstance(READERS[kind](body), Fault) is bool(faults(kind, body))


ODD: tuple[Any, ...] = (None, 1, 0, True, "", "x" * MOST_TEXT, "x" * (MOST_TEXT + 1), [], {})
PLACES = (
    ("subject",), ("subject", "type"), ("subject", "id"), ("subject", "properties"), ("action",), ("action", "name"),
    ("action", "properties"), ("resource",), ("resource", "type"), ("resource", "id"), ("context",), ("page",),
    ("page", "limit"), ("page", "token"), ("options",), ("options", "evaluations_semantic"), ("evaluations",),
)  # fmt: skip


@pytest.mark.row("AZ-SCHEMA")
@pytest.mark.parametrize("kind", READERS)
def test_of_each_member_too(kind: str) -> None:
    """A good question with one odd value in one place, or without what is there."""
    validator = Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{kind}"})
    for outer, *inner in PLACES:
        for value in ODD:
            held = {**PLAIN.get(outer, {}), inner[0]: value} if inner else value
            body = {**PLAIN, outer: held}
            assert isinstance(READERS[kind](body), Fault) is not validator.is_valid(body), (outer, inner, value)


@pytest.mark.row("AZ-SCHEMA")
async def test_answers_look_as_the_schema_says(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        got = await s.http.get("/.well-known/authzen-configuration")
        assert faults("Metadata", await got.json()) == []
        yes, no = await ask(s, question()), await ask(s, question(user("usr_mei")))
        assert (yes["decision"], no["decision"]) == (True, False)
        many = await ask(s, {**question(), "evaluations": [{}, {"resource": None}, {"resource": 7}]}, "evaluations")
        assert [faults("Decision", one) for one in (yes, no)] == [[], []]
        assert faults("Decisions", many) == []
        assert "error" in many["evaluations"][2]["context"]
        searches = {"subject": {"type": "user"}, "resource": {"type": "object"}, "action": None}
        for wanted, looked in searches.items():
            body = {**question(), **({wanted: looked} if looked else {})}
            found = await ask(s, body, f"search/{wanted}")
            assert found["results"], wanted
            assert faults("FoundActions" if wanted == "action" else "Found", found) == []
        assert (await s.http.post("/access/v1/evaluation", json=[], headers=as_client(s))).status == 400

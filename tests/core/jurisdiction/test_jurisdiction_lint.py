"""What is no policy pack, and where it is told."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.jurisdiction.lint import lint
from broker.core.jurisdiction.pack import Pack
from broker.core.jurisdiction.reading import Problem
from tests.core.jurisdiction.jurisdiction_world import PROPORTION, Raw, linted, no_line, raw_pack, rule

Path = tuple[str | int, ...]
COUNTRY_IS_CN = {"fact": "recipient.country", "op": "eq", "value": "CN"}
LIST = {"as_of": "2026-01-01", "source": "law", "items": ["DE", {"code": "GB", "from": "2021-01-01"}]}


def problems(raw: object) -> list[tuple[str, str]]:
    found = linted(raw)
    return [] if isinstance(found, Pack) else [(each.field, each.message) for each in found]


def changed(path: Path, value: Any) -> Raw:
    """The good pack with one thing changed; `...` takes it out."""
    raw = raw_pack(lists={"eea": LIST}, decide=[rule("no", "deny", COUNTRY_IS_CN), rule("ok", "permit")])
    at: Any = raw
    for step in path[:-1]:
        at = at[step]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return raw


def test_the_pack_that_the_others_are_made_from_is_good() -> None:
    assert problems(raw_pack()) == []
    assert problems(changed(("title",), "another")) == []


REQUIRED = [name for name in raw_pack() if name != "default_reason"]


@pytest.mark.parametrize("name", REQUIRED)
def test_a_pack_without_a_required_member_is_refused(name: str) -> None:
    assert ("file", f"{name} is missing") in problems(changed((name,), ...))


@pytest.mark.parametrize("path", [("id",), ("effective",), ("review",), ("regime", "instrument")], ids=".".join)
def test_what_is_not_there_is_told_once_and_nothing_more_of_it(path: Path) -> None:
    *above, name = map(str, path)
    assert problems(changed(path, ...)) == [(".".join(above) or "file", f"{name} is missing")]


ITEMS: Path = ("lists", "eea", "items")
PROPORTIONATE: Path = ("decide", 0, "proportionality")
TOLD = "decide[0].proportionality"
OVERLAPPING = [{"code": "DE", "to": "2026-01-01"}, {"code": "DE", "from": "2026-01-01"}]
BACKWARDS = {"code": "GB", "from": "2026-01-02", "to": "2026-01-01"}
BROKEN: list[tuple[str, Path, Any, str, str]] = [
    ("unknown member", ("effectiv",), 1, "effectiv", "nobody knows"),
    ("another schema", ("schema",), "broker.policy-pack/2", "schema", "one of"),
    ("id with a space", ("id",), "my pack", "id", "a name"),
    ("version that YAML reads as a number", ("version",), 2026.02, "version", "quote"),
    ("empty disclaimer", ("disclaimer",), "  ", "disclaimer", "text"),
    ("kind outside the closed list", ("regime", "kind"), "health_data_space", "regime.kind", "one of"),
    ("jurisdiction that is no country", ("regime", "jurisdiction"), "UK", "regime.jurisdiction", "country code"),
    ("Norway without quotes", ("answers_for",), [False], "answers_for[0]", '"NO"'),
    ("Norway without quotes on a list", (*ITEMS, 0), False, "lists.eea.items[0]", '"NO"'),
    ("a country that nobody assigned", ("answers_for",), ["UK"], "answers_for[0]", "country code"),
    ("small letters", (*ITEMS, 0), "de", "lists.eea.items[0]", "country code"),
    ("list without a date", ("lists", "eea", "as_of"), ..., "lists.eea", "as_of is missing"),
    ("list without a source", ("lists", "eea", "source"), "gossip", "lists.eea.source", "one of"),
    ("list that is no mapping", ("lists",), [], "lists", "a mapping"),
    ("a country twice", ITEMS, ["DE", "FR", "DE"], "lists.eea.items[2]", "twice"),
    ("a country twice, overlapping", ITEMS, OVERLAPPING, "lists.eea.items[1]", "twice"),
    ("entry that ends before it begins", (*ITEMS, 1), BACKWARDS, "lists.eea.items[1].to", "ends before"),
    ("entry without a code", (*ITEMS, 1), {"from": "2026-01-02"}, "lists.eea.items[1]", "code is missing"),
    ("a date that does not exist", ("as_of",), "2026-02-30", "as_of", "a date"),
    ("a date that is an instant", ("effective", "from"), "2026-01-01T00:00:00Z", "effective.from", "a date"),
    ("no end stated", ("effective", "to"), ..., "effective", "to is missing"),
    ("ends before it begins", ("effective", "to"), "2020-01-01", "effective.to", "ends before"),
    ("superseded without an end", ("law_status",), "superseded", "effective.to", "has an end"),
    ("no review date", ("review", "next_review_due"), None, "review.next_review_due", "a date"),
    ("no review block members", ("review", "owner"), ..., "review", "owner is missing"),
    ("reviewed by nobody", ("status",), "reviewed", "review.reviewed_by", "text"),
    ("reviewed never", ("status",), "reviewed", "review.reviewed_on", "a date"),
    ("owned by nobody", ("status",), "reviewed", "review.owner", "text"),
    ("review due before it was done", ("review", "reviewed_on"), "2027-01-01", "review.next_review_due", "due before"),
    ("no source at all", ("sources",), [], "sources", "empty"),
    ("a source twice", ("sources",), [{"id": "law", "cite": "A", "quality": "primary"}] * 2, "sources[1].id", "second"),
    ("source of unknown quality", ("sources", 0, "quality"), "good", "sources[0].quality", "one of"),
    ("a funder that speaks for a country", ("regime", "kind"), "funder_policy", "answers_for", "no country"),
    ("a community that speaks for a country", ("regime", "kind"), "collective_governance", "answers_for", "no country"),
    ("default that refuses without proportion", ("default_effect",), "deny", "default_effect", "last rule"),
    ("default permit without a reason", ("default_reason",), ..., "default_effect", "default_reason"),
    ("default reason that nobody registered", ("default_reason",), "JUR-XX", "default_reason", "registry"),
    ("no rule", ("decide",), [], "decide", "empty"),
    ("rules that are no list", ("decide",), {}, "decide", "a list"),
    ("a rule id twice", ("decide", 1, "id"), "no", "decide[1].id", "second rule"),
    ("a rule with the engine's name", ("decide", 1, "id"), "default", "decide[1].id", "own word"),
    ("unknown rule member", ("decide", 0, "weight"), 3, "decide[0].weight", "nobody knows"),
    ("unknown effect", ("decide", 0, "effect"), "allow", "decide[0].effect", "one of"),
    ("reason that nobody registered", ("decide", 0, "reason"), "JUR-XX", "decide[0].reason", "registry"),
    ("no basis", ("decide", 0, "basis"), ..., "decide[0]", "basis is missing"),
    ("basis in no source", ("decide", 0, "basis", "source"), "gossip", "decide[0].basis.source", "no source"),
    ("basis that is a list", ("decide", 0, "basis", "source"), ["law"], "decide[0].basis.source", "no source"),
    ("refusal without proportion", PROPORTIONATE, ..., "decide[0]", "proportionality"),
    ("proportion without an aim", (*PROPORTIONATE, "aim"), ..., TOLD, "aim"),
    ("proportion that protects nobody", (*PROPORTIONATE, "protects"), [], f"{TOLD}.protects", "empty"),
    ("proportion for an unlisted interest", (*PROPORTIONATE, "protects"), ["fame"], f"{TOLD}.protects[0]", "one of"),
    ("alternative that is no way", (*PROPORTIONATE, "alternatives"), ["fax"], f"{TOLD}.alternatives[0]", "one of"),
    ("skip on deny", ("decide", 0, "on_unknown"), "skip", "decide[0].on_unknown", "let data out"),
    ("apply on permit", ("decide", 1, "on_unknown"), "apply", "decide[1].on_unknown", "let data out"),
    ("unknown on_unknown", ("decide", 0, "on_unknown"), "deny", "decide[0].on_unknown", "one of"),
    ("evidence on deny", ("decide", 0, "evidence"), ["a.b"], "decide[0].evidence", "means nothing"),
    ("modalities on permit", ("decide", 1, "modalities"), ["aggregate"], "decide[1].modalities", "means nothing"),
    ("a mandatory permit", ("decide", 1, "mandatory"), True, "decide[1].mandatory", "means nothing"),
    ("mandatory that is no truth value", ("decide", 0, "mandatory"), "yes", "decide[0].mandatory", "true or false"),
    ("empty obligations", ("decide", 1, "obligations"), [], "decide[1].obligations", "empty"),
    ("obligation that is a sentence", ("decide", 1, "obligations"), ["Be good."], "decide[1].obligations[0]", "a name"),
    ("explanation for nobody", ("decide", 1, "explain"), {"press": "x"}, "decide[1].explain.press", "nobody knows"),
    ("always without obligations", ("always",), [{"when": True}], "always[0]", "obligations is missing"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "field", "message"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN]
)
def test_what_is_broken_is_told_with_its_field(path: Path, value: Any, field: str, message: str) -> None:
    found = problems(changed(path, value))
    assert any(where == field and message in what for where, what in found), found


@pytest.mark.parametrize("effect", ["deny", "limit_modality", "await", "refer"])
def test_skip_is_for_permits_only(effect: str) -> None:
    for on_unknown, wrong in (("skip", True), ("refer", False), ("apply", False)):
        raw = raw_pack(decide=[rule("no", effect, COUNTRY_IS_CN, on_unknown=on_unknown), rule("ok", "permit")])
        assert any(field == "decide[0].on_unknown" for field, _ in problems(raw)) is wrong


@pytest.mark.parametrize(
    ("effect", "member"),
    [("await", "evidence"), ("limit_modality", "modalities"), ("limit_modality", "proportionality")],
)
@pytest.mark.row("WHO-P-1")
def test_an_effect_needs_what_it_is_about(effect: str, member: str) -> None:
    raw = raw_pack(decide=[rule("no", effect, COUNTRY_IS_CN), rule("ok", "permit")])
    del raw["decide"][0][member]
    assert ("decide[0]", f"{member} is missing, {effect} needs it") in problems(raw)


@pytest.mark.parametrize("code", ["COM-REFUSED", "PUR-PROHIBITED", "JUR-US-202-303"])
def test_what_knows_no_exception_says_mandatory(code: str) -> None:
    raw = raw_pack(decide=[rule("no", "deny", COUNTRY_IS_CN, reason=code), rule("ok", "permit")])
    assert any("no exception" in message for _, message in problems(raw))
    raw["decide"][0]["mandatory"] = True
    assert problems(raw) == []


@pytest.mark.row("WHO-P-3")
def test_a_state_s_security_rule_is_not_dressed_up_as_privacy() -> None:
    regime = {"jurisdiction": "US", "instrument": "A law", "kind": "national_security"}
    refusal = rule(
        "no", "deny", COUNTRY_IS_CN, reason="JUR-US-NIH-COC", proportionality={**PROPORTION, "protects": ["security"]}
    )
    permit = rule("ok", "permit", reason="JUR-US-202-504")
    good = raw_pack(regime=regime, decide=[refusal, permit])
    assert problems(good) == []
    good["decide"][0]["proportionality"]["protects"] = ["security", "privacy"]
    assert problems(good) == [(f"{TOLD}.protects", "a state's security rule is not dressed up as privacy")]
    told_as_a_person_s = raw_pack(regime=regime, decide=[{**refusal, "reason": "JUR-EU-ART49"}, permit])
    assert problems(told_as_a_person_s) == [
        ("decide[0].reason", "JUR-EU-ART49 is told as the interest of person, this pack is a state's")
    ]


def test_eea_means_the_pack_s_own_list() -> None:
    assert problems(raw_pack(answers_for=["EEA"], lists={"eea": LIST})) == []
    assert problems(raw_pack(answers_for=["EEA"])) == [
        ("answers_for", "EEA means the members of this pack's list eea, and there is none")
    ]


def test_a_rule_that_can_never_be_reached_is_refused() -> None:
    raw = raw_pack(decide=[rule("ok", "permit"), rule("no", "deny", COUNTRY_IS_CN)])
    assert problems(raw) == [("decide[1]", "never reached: ok decides everything before it")]
    limit_first = raw_pack(decide=[rule("less", "limit_modality"), rule("ok", "permit")])
    assert problems(limit_first) == []


def is_(fact: str, op: str, **side: Any) -> Raw:
    return {"fact": fact, "op": op, **side}


CONDITIONS: list[tuple[str, Any, str]] = [
    ("false", False, "a condition is wanted"),
    ("text", "true", "a condition is wanted"),
    ("nothing", None, "a condition is wanted"),
    ("empty all", {"all": []}, "empty"),
    ("empty any", {"any": []}, "empty"),
    ("all and any", {"all": [True], "any": [True]}, "nobody knows"),
    ("not a list", {"all": True}, "a list"),
    ("not with a neighbour", {"not": True, "fact": "evidence"}, "nobody knows"),
    ("unknown fact", is_("recipient.nationality", "eq", value="CN"), "one of"),
    ("no op", {"fact": "recipient.country", "value": "CN"}, "op is missing"),
    ("unknown op", is_("recipient.country", "matches", value="C."), "one of"),
    ("op for another form", is_("recipient.country", "gt", value=3), "does not fit"),
    ("scalar op on a list", is_("evidence", "eq", value="a.b"), "does not fit"),
    ("list op on a scalar", is_("recipient.country", "has", value=["CN"]), "does not fit"),
    ("flag op on a word", is_("data.category", "is_true"), "does not fit"),
    ("no value", is_("recipient.country", "eq"), "takes a value"),
    ("value and list", is_("recipient.country", "in", value=["CN"], list="eea"), "takes a value or a list"),
    ("list for one value", is_("recipient.country", "eq", list="eea"), "takes a value"),
    ("value for nothing", is_("recipient.suspended", "is_true", value=True), "takes neither"),
    ("unknown list", is_("recipient.country", "in", list="coc"), "one of"),
    ("unknown list of two", is_("recipient.country", "in", list=["eea", "coc"]), "one of"),
    ("no list of many", is_("recipient.country", "in", list=[]), "empty"),
    ("list of countries for words", is_("data.category", "in", list="eea"), "this fact is none"),
    ("one for many", is_("recipient.country", "in", value="CN"), "a list"),
    ("none of many", is_("evidence", "has", value=[]), "empty"),
    ("Norway without quotes", is_("recipient.country", "eq", value=False), '"NO"'),
    ("no country", is_("recipient.country", "in", value=["CN", "UK"]), "country code"),
    ("number in quotes", is_("data.n_sequenced", "gt", value="500"), "whole number"),
    ("truth value for a number", is_("data.n_sequenced", "gt", value=True), "whole number"),
    ("negative number", is_("data.n_sequenced", "gt", value=-1), "whole number"),
    ("word off the closed list", is_("request.modality", "eq", value="upload"), "one of"),
    ("word off the closed list of many", is_("request.ai_use", "in", value=["none", "some"]), "one of"),
    ("number for a word", is_("data.category", "eq", value=3), "a name"),
]


@pytest.mark.parametrize(("condition", "message"), [row[1:] for row in CONDITIONS], ids=[row[0] for row in CONDITIONS])
@pytest.mark.parametrize("place", ["applies_when", "when", "nested", "always"])
def test_what_is_no_condition_is_refused_wherever_it_stands(place: str, condition: Any, message: str) -> None:
    raw = raw_pack(lists={"eea": LIST}, decide=[rule("ok", "permit")])
    if place == "applies_when":
        raw["applies_when"] = condition
    elif place == "when":
        raw["decide"][0]["when"] = condition
    elif place == "nested":
        raw["decide"][0]["when"] = {"all": [{"not": condition}]}
    else:
        raw["always"] = [{"when": condition, "obligations": ["report"]}]
    assert any(message in what for _, what in problems(raw)), problems(raw)


EXISTS, MISSING = is_("recipient.country", "exists"), is_("recipient.country", "missing")


@pytest.mark.parametrize(
    ("effect", "condition", "helps"),
    [
        ("permit", MISSING, True),
        ("permit", {"not": EXISTS}, True),
        ("permit", {"not": {"any": [{"not": MISSING}]}}, True),
        ("permit", EXISTS, False),
        ("permit", {"not": MISSING}, False),
        ("deny", EXISTS, True),
        ("deny", {"all": [COUNTRY_IS_CN, {"not": MISSING}]}, True),
        ("deny", MISSING, False),
        ("refer", MISSING, False),
        ("await", EXISTS, True),
        ("limit_modality", EXISTS, True),
    ],
)
def test_leaving_a_fact_out_may_never_help(effect: str, condition: Raw, *, helps: bool) -> None:
    raw = raw_pack(decide=[rule("one", effect, condition), rule("ok", "permit")])
    assert (
        ("decide[0].when", "leaving a fact out would help: exists and missing stand the wrong way") in problems(raw)
    ) is helps


def test_leaving_a_fact_out_may_not_switch_a_pack_off() -> None:
    assert problems(raw_pack(applies_when=EXISTS)) == [("applies_when", "leaving a fact out would switch the pack off")]


def test_problems_come_in_the_order_of_their_lines_and_name_them() -> None:
    lines: dict[Path, int] = {("title",): 3, ("id",): 7}
    found = lint({**raw_pack(), "id": 1, "title": 2}, lambda where: lines.get(where, 99))
    assert found == (
        Problem(line=3, field="title", message=found[0].message),  # type: ignore[index]
        Problem(line=7, field="id", message=found[1].message),  # type: ignore[index]
    )


def test_what_lint_fills_in() -> None:
    made = linted(
        raw_pack(
            default_effect="refer",
            default_reason=None,
            decide=[rule("no", "deny", COUNTRY_IS_CN), rule("ok", "permit")],
        )
    )
    assert isinstance(made, Pack)
    assert made.default_reason == "JUR-NO-RULE"
    assert [each.on_unknown for each in made.rules] == ["refer", "skip"]
    assert [each.mandatory for each in made.rules] == [False, False]


GOOD = raw_pack(
    lists={"eea": LIST},
    always=[{"when": COUNTRY_IS_CN, "obligations": ["report"]}],
    decide=[
        rule("no", "deny", {"any": [COUNTRY_IS_CN, is_("recipient.country", "in", list=["eea"])]}),
        rule("less", "limit_modality", {"not": COUNTRY_IS_CN}),
        rule("paper", "await", is_("data.n_sequenced", "gt", value=5)),
        rule("ok", "permit"),
    ],
)
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(), st.text(max_size=5),
    st.just([]), st.just({}), st.just([[]]), st.just([{}]), st.just({"all": [{}]}), st.just(["DE"]), st.just({"a": []}),
)  # fmt: skip


def places(value: object, path: Path = ()) -> list[Path]:
    members: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    return [path, *(place for step, member in members for place in places(member, (*path, step)))]


def put(value: Any, path: Path, junk: object) -> Any:
    if not path:
        return junk
    value[path[0]] = put(value[path[0]], path[1:], junk)
    return value


@given(path=st.sampled_from(places(GOOD)), junk=JUNK)
@settings(max_examples=150)
def test_no_junk_anywhere_is_more_than_a_problem(path: Path, junk: object) -> None:
    found = lint(put(deepcopy(GOOD), path, junk), no_line)
    assert isinstance(found, Pack) or found


def test_a_file_that_is_no_mapping_is_refused() -> None:
    for raw in (None, ["pack"], "pack", 3):
        assert isinstance(lint(raw, no_line), tuple)

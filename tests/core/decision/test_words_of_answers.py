"""The words of an explanation, put together sentence by sentence: what stands where, for whom, and in which language."""

from dataclasses import replace
from typing import Any

import pytest

from broker.adapters.languages import load_languages
from broker.core.decision.explanation.texts import FIRST_SCREEN, dressed, for_participant
from broker.core.reasons import REASONS, TEXTS_VERSION
from broker.core.reasons.language import ENGLISH, Language, Text, Tongue, filled, fingerprint, source_of
from broker.core.reasons.words import WORDS
from tests import builders as b

CODE, NEXT = "DUO-COMMERCIAL-USE", "PUR-UNSTATED"


def why(code: str = CODE, **members: Any) -> dict[str, Any]:
    return {
        "code": code, "gate": "duo", "interest": REASONS[code].interest, "norm": None, "facts": [], "not_matched": [],
        "slots": {},
    } | members  # fmt: skip


def record(**members: Any) -> dict[str, Any]:
    return {
        "outcome": "DENY",
        "at": "2026-06-01T08:00:00Z",
        "asked": {"modality": "download", "dataset": "d", "stage": "approve"},
        "why": [why()],
        "why_not": {},
        "you_can": [],
        "change_that_would_help": [],
        "obligations": [],
        "example_policy": False,
        "challenge": {"facts": None, "merits": None, "appeal": "facts", "until": None, "outside": []},
    } | members


def said(code: str, audience: Any) -> str:
    return filled(getattr(REASONS[code], audience), {})


def text(audience: str, **members: Any) -> str:
    return str(dressed(record(**members))["audience_texts"][audience])


WHOM = f"{WORDS['interest.person']} Rules alone decided this."
NO = f"Download: no. {said(CODE, 'researcher')} {WHOM} You can correct a fact at any time."
STEP = {"fact": "purpose.commercial", "set": False, "by": "you", "and": [], "result": "PERMIT"}
CHALLENGE = {"facts": "dac@x", "merits": "dac@x", "appeal": "merits", "until": "2026-07-01T08:00:00Z", "outside": []}
RESEARCHER: list[tuple[dict[str, Any], str]] = [
    ({}, NO),
    ({"outcome": "PERMIT", "why": []}, "Download: yes."),
    ({"outcome": "PERMIT_WITH_OBLIGATIONS", "why": []}, "Download: yes, with conditions."),
    ({"asked": {"modality": "stream", "dataset": "d", "stage": "use"}}, NO.replace("Download", "Streaming")),
    ({"why": [why(), why(NEXT)]}, NO),
    (
        {"you_can": [{"modality": "stream", "result": "PERMIT", "link": "x"}, {"modality": "aggregate", "result": "PERMIT", "link": "x"}]},
        NO.replace(" You can", " Streaming: yes. You can"),
    ),
    (
        {"you_can": [{"modality": "download", "result": "PERMIT", "link": "x", "filtered": True}]},
        NO.replace(" You can", f" {WORDS['way.filtered']}: yes. You can"),
    ),
    (
        {"change_that_would_help": [STEP, STEP]},
        NO.replace(" You can", " This would change the answer: you make no commercial use. You can"),
    ),
    (
        {"challenge": CHALLENGE},
        (f"Download: no. {said(CODE, 'researcher')} {WHOM} You can correct a fact at any time, or ask for another look until "
        "2026-07-01. Write to dac@x."),
    ),
    (
        {"challenge": CHALLENGE | {"facts": None, "appeal": "none", "outside": [{"who": "US-NIH"}, {"who": "EU-DPA"}]}},
        (f"Download: no. {said(CODE, 'researcher')} {WHOM} You can correct a fact at any time. Nobody here can set the rule "
        f"aside. Elsewhere you can turn to {WORDS['outside.US-NIH']}."),
    ),
    ({"outcome": "PERMIT", "why": [], "challenge": CHALLENGE}, "Download: yes."),
]  # fmt: skip


@pytest.mark.parametrize(("members", "wanted"), RESEARCHER, ids=map(str, range(len(RESEARCHER))))
def test_who_asked_reads_answer_reason_another_way_what_would_help_and_the_appeal(
    members: dict[str, Any], wanted: str
) -> None:
    assert text("researcher", **members) == wanted


STEPS: list[tuple[dict[str, Any], str]] = [
    ({"fact": "purpose.duration_months", "set": 6, "by": "you"}, "you ask for 6 months"),
    ({"fact": "purpose.diseases", "add": ["a", "b"], "by": "you"}, "you limit the project to a, b"),
    ({"fact": "purpose.diseases", "remove": ["a"], "by": "you"}, "you leave out a"),
    ({"fact": "purpose.diseases", "remove": ["a"], "named": ["gout (a)"], "by": "you"}, "you leave out gout (a)"),
    (
        {"fact": "purpose.kinds", "remove": ["ancestry"], "by": "you"},
        "you leave out research on ancestry from the purpose",
    ),
    (
        {"fact": "purpose.kinds", "remove": ["hmb"], "by": "you"},
        "you leave out health, medical or biomedical research from the purpose",
    ),
    ({"fact": "purpose.project", "set": "p", "by": "you"}, "you state purpose.project: p"),
    ({"fact": "recipient.moon", "set": True, "by": "institution"}, "your institution shows recipient.moon: True"),
    ({"fact": "evidence", "add": ["x"], "by": "custodian"}, "the data holder puts on file x"),
]


@pytest.mark.parametrize(("step", "wanted"), STEPS, ids=map(str, range(len(STEPS))))
def test_each_step_has_its_words(step: dict[str, Any], wanted: str) -> None:
    made = step | {"and": [], "result": "PERMIT"}
    (told,) = dressed(record(change_that_would_help=[made]))["change_that_would_help"]
    assert told["say"] == wanted
    both = made | {"and": [STEPS[0][0]]}
    (told,) = dressed(record(change_that_would_help=[both]))["change_that_would_help"]
    assert told["say"] == f"{wanted} and you ask for 6 months"


def gate(name: str, state: str, *reasons: dict[str, Any]) -> dict[str, Any]:
    return {"gate": name, "state": state, "outcome": "DENY", "why": list(reasons), "obligations": [], "missing": []}


def dac(code: str) -> str:
    return said(code, "dac")


LADDER = {"aggregate": {"outcome": "PERMIT", "codes": []}, "download": {"outcome": "DENY", "codes": []}}
COMMITTEE: list[tuple[dict[str, Any], str]] = [
    ({}, dac(CODE)),
    ({"why": [why(), why(NEXT)]}, f"{dac(CODE)} {dac(NEXT)}"),
    ({"gates": [gate("duo", "pass")], "facts": []}, WORDS["dac.all"]),
    (
        {"gates": [gate("terms", "hold"), gate("duo", "pass", why())], "facts": []},
        "The terms of use: an answer is still needed before a yes.",
    ),
    (
        {"gates": [gate("duo", "fail", why(), why(NEXT)), gate("consent", "pass")], "facts": []},
        f"What the dataset may be used for: this stands in the way of a yes. {dac(CODE)} {dac(NEXT)}",
    ),
    (
        {"gates": [gate("duo", "fail", *[why()] * 4)], "facts": []},
        f"What the dataset may be used for: this stands in the way of a yes. {dac(CODE)} {dac(CODE)} {dac(CODE)}",
    ),
    (
        {"why_not": LADDER},
        f"{dac(CODE)} Each way of access was asked about, with these answers: Download: no; Asking for checked totals: yes.",
    ),
    (
        {"why": [why(not_matched=["a"]), why(NEXT, not_matched=["b"])]},
        f"{dac(CODE)} {dac(NEXT)} These rules would have allowed it, and do not fit: a, b.",
    ),
]


@pytest.mark.parametrize(("members", "wanted"), COMMITTEE, ids=map(str, range(len(COMMITTEE))))
def test_a_committee_reads_what_does_not_pass_the_ways_and_what_would_have_allowed_it(
    members: dict[str, Any], wanted: str
) -> None:
    assert text("dac", **members) == wanted


def test_what_a_committee_alone_may_read_has_no_words_for_others() -> None:
    of_gates = dressed(
        record(gates=[gate("duo", "fail", why())], facts=[{"name": "x", "value": 1, "origin": "dataset"}])
    )
    assert set(of_gates["audience_texts"]) == {"dac"}
    assert set(dressed(record())["audience_texts"]) == {"researcher", "dac", "subject"}
    assert of_gates["facts"][0]["source"] == "registration of the dataset"
    (reason,) = of_gates["gates"][0]["why"]
    assert (reason["sentence"], set(reason["sentences"])) == (dac(CODE), {"dac"})
    (told,) = dressed(record())["why"]
    assert told["sentence"] == said(CODE, "researcher")
    assert set(told["sentences"]) == {"researcher", "dac", "subject"}


LAW = {
    "title": "A law", "instrument": "Regulation 1/2026", "status": "in_force", "since": "2026-01-01", "until": None,
    "as_of": "2026-05-01", "review": "reviewed", "reviewed_on": "2026-05-02", "confidence": "medium",
}  # fmt: skip
AIM = {"aim": "to protect", "protects": ["privacy"], "alternatives": ["aggregate"], "residual": "checked totals"}


def norm(**changes: Any) -> dict[str, Any]:
    return {"pack": "p", "version": "3", "rule": "r", "cite": "Regulation 1/2026: Art 4", "law": LAW | changes}


def test_a_refusal_by_law_names_its_ground_how_sure_it_is_whom_it_protects_and_who_decided() -> None:
    read = text("researcher", why=[why(norm=norm(), interest="state")])
    ground = "It rests on Regulation 1/2026: Art 4. That it applies here is our reading."
    assert f"{ground} {WORDS['interest.state']} Rules alone decided this." in read
    assert "our reading" not in text("researcher", why=[why(norm=norm(confidence="high"))])
    assert "Rules alone decided" not in text("researcher", human={"by": "committee"}, why=[why()])
    assert "Rules alone decided" not in text("researcher", outcome="PENDING", why=[why()])
    assert "Rules alone decided" in text("researcher", outcome="ALTERNATIVE", why=[why()])


def test_a_question_names_who_must_answer_it() -> None:
    both = {"by": "finding", "roles": ["committee_member", "legal_officer"], "days": 90}
    asked = text("researcher", outcome="REFER", why=[why(answered_by=both)])
    assert "Now the committee of the dataset and a legal officer must answer." in asked
    assert "must answer" not in text("researcher", why=[why(answered_by=both)])
    assert "must answer" not in text("researcher", outcome="REFER", why=[why()])


def test_a_committee_reads_the_law_behind_a_refusal_and_why_it_is_justified() -> None:
    assert text("dac", why=[why(norm=norm(), proportionality=AIM)]) == (
        f"{dac(CODE)} The rule behind it is Regulation 1/2026: Art 4 (p 3, r). It has been in force since 2026-01-01, as it "
        "was read on 2026-05-01; the set of rules is reviewed, and the confidence in it is medium. The aim of the rule "
        "is this: to protect. What it leaves open is this: checked totals."
    )
    assert "would have allowed" not in text("dac", outcome="PERMIT", why=[why(not_matched=["a"])])


@pytest.mark.row("EXP-GROUND")
@pytest.mark.parametrize("audience", ["researcher", "dac", "subject"])
@pytest.mark.parametrize("outcome", ["PERMIT", "PENDING", "REFER", "ALTERNATIVE", "DENY"])
def test_everybody_reads_that_nobody_has_reviewed_the_rules(audience: str, outcome: str) -> None:
    stamp = WORDS["subject.example" if audience == "subject" else "line.example"]
    assert text(audience, outcome=outcome, example_policy=True).endswith(stamp)
    assert stamp not in text(audience, outcome=outcome)
    assert for_participant("2026-06-01", outcome, None, Tongue(), example=True).endswith(WORDS["subject.example"])


def test_conditions_are_told_as_sentences_and_as_many_as_the_first_screen_holds() -> None:
    duties = ["no_reidentification", "no_publication_before:2027-01-01", "process_only_in:DE,FR", "of_a_pack_of_ours"]
    told = dressed(record(outcome="PERMIT_WITH_OBLIGATIONS", why=[], obligations=duties))
    assert told["conditions"] == [
        "Do not try to find out who people are.", "Publish nothing before 2027-01-01.",
        "Process the data in DE, FR only.", "of_a_pack_of_ours",
    ]  # fmt: skip
    assert told["audience_texts"]["researcher"] == " ".join(["Download: yes, with conditions.", *told["conditions"]])
    many = text("researcher", outcome="PERMIT_WITH_OBLIGATIONS", why=[], obligations=["publish_results"] * 60)
    assert many.endswith(WORDS["line.more"])
    assert 110 < len(many.split()) <= FIRST_SCREEN


def test_too_many_words_spare_what_can_be_read_elsewhere_and_never_the_way_out() -> None:
    long = norm() | {"cite": " ".join(["word"] * 90)}
    read = text("researcher", why=[why(norm=long)], challenge=CHALLENGE, example_policy=True)
    assert len(read.split()) <= FIRST_SCREEN
    assert WORDS["interest.person"] not in read
    assert "Write to dac@x." in read
    assert read.endswith(WORDS["line.example"])


SPARED = (
    WORDS["interest.person"],
    f"Elsewhere you can turn to {WORDS['outside.US-NIH']}.",
    "It rests on Regulation 1/2026: Art 4.",
    "Rules alone decided this.",
)


def test_as_much_is_spared_as_120_words_ask_for_and_the_least_missed_first() -> None:
    def read(words: int) -> str:
        long = {"researcher": " ".join(["word"] * words)}
        asked = why(norm=norm(confidence="high"), sentences=long)
        return text("researcher", why=[asked], challenge=CHALLENGE | {"outside": [{"who": "US-NIH"}]})

    fitting = 121 - len(read(1).split())
    for left, part in enumerate((*SPARED, "")):
        found = read(fitting)
        assert len(found.split()) == 120
        assert [one in found for one in SPARED] == [place >= left for place in range(len(SPARED))]
        fitting += len(part.split())


@pytest.mark.parametrize("example", [False, True])
def test_a_yes_tells_all_conditions_that_120_words_hold_and_else_that_there_are_more(*, example: bool) -> None:
    def read(conditions: int) -> str:
        asked = {"outcome": "PERMIT_WITH_OBLIGATIONS", "why": [], "example_policy": example}
        return text("researcher", obligations=["own"] * conditions, **asked)

    more = len(WORDS["line.more"].split())
    fitting = 120 - len(read(0).split()) - more
    assert read(fitting).split().count("own") == fitting
    assert WORDS["line.more"] not in read(fitting)
    assert len(read(fitting + 1).split()) == 120
    assert WORDS["line.more"] in read(fitting + 1)


def test_facts_and_papers_have_names_and_those_of_other_packs_keep_their_id() -> None:
    missing = why("JUR-FACT-MISSING", slots={"missing": "data.category, data.of_ours"})
    (told,) = dressed(record(why=[missing]))["why"]
    assert (
        told["sentence"] == "We need to know: what kind of data they are, data.of_ours. Then the decision can be made."
    )
    step = {"fact": "evidence", "add": ["tia.done", "x"], "by": "institution", "and": [], "result": "PERMIT"}
    (change,) = dressed(record(change_that_would_help=[step]))["change_that_would_help"]
    assert change["say"] == "your institution puts on file a transfer impact assessment, x"


def test_a_participant_reads_the_day_and_the_answer_and_why_not() -> None:
    asked = "On 2026-06-01 somebody asked to use data like yours."
    assert text("subject") == f"{asked} It was refused. {said(CODE, 'subject')}"
    assert text("subject", why=[why(), why(NEXT)]) == f"{asked} It was refused. {said(CODE, 'subject')}"
    assert text("subject", outcome="PERMIT") == f"{asked} It was allowed."
    milder = "A way that shows less is open to them."
    assert text("subject", outcome="ALTERNATIVE") == f"{asked} It was refused. {said(CODE, 'subject')} {milder}"
    for outcome in ("PENDING", "REFER"):
        assert text("subject", outcome=outcome) == f"{asked} It is not decided yet. {said(CODE, 'subject')}"


ANSWERS = [
    ("PERMIT", "It was allowed."), ("PERMIT_WITH_OBLIGATIONS", "It was allowed."), ("DENY", "It was refused."),
    ("ALTERNATIVE", "It was refused."), ("REFER", "It is not decided yet."), ("PENDING", "It is not decided yet."),
]  # fmt: skip


@pytest.mark.parametrize("code", ["AUTH-NO-GRANT", "JUR-EHDS-ART54"])
def test_a_participant_reads_only_once_that_it_was_refused(code: str) -> None:
    told = text("subject", why=[why(code)])
    assert said(code, "subject").endswith("It was refused.")
    assert (told.count("It was refused."), said(code, "subject") in told) == (1, True)


@pytest.mark.row("EXP-GROUND")
@pytest.mark.parametrize(("outcome", "answer"), ANSWERS)
@pytest.mark.parametrize("own", [None, "CON-LINKAGE"])
def test_one_participant_reads_whether_their_own_choice_left_them_out(
    outcome: str, answer: str, own: str | None
) -> None:
    left_out = f" {said(own, 'subject')} Your data were left out." if own else ""
    assert for_participant("2026-06-01T08:00:00Z", outcome, own, Tongue()) == (
        f"On 2026-06-01 somebody asked to use data like yours. {answer}{left_out} "
        "We hold no name of yours, so nobody saw one. You can change your choice, ask us, or complain at any time."
    )


def test_a_fact_is_told_with_where_it_comes_from_and_when_that_was_checked() -> None:
    facts = [
        {"name": "x", "value": 1, "origin": "registry"},
        {"name": "y", "value": 2, "origin": "record", "checked": "2026-05-01T00:00:00Z"},
    ]
    (told,) = dressed(record(why=[why(facts=facts)]))["why"]
    assert [one["source"] for one in told["facts"]] == [
        "institution registry", "records of this service, checked 2026-05-01",
    ]  # fmt: skip


def test_who_decided_and_whom_to_ask_outside_is_told_by_name() -> None:
    outside = CHALLENGE | {"outside": [{"who": "US-NIH"}]}
    told = dressed(
        record(
            human={"by": "committee"},
            challenge=outside,
            you_can=[{"modality": "stream", "result": "PERMIT", "link": "x"}],
        )
    )
    assert told["human"]["decided_by"] == "rules, and a member of the committee"
    assert told["challenge"]["outside"] == [{"who": "US-NIH", "name": WORDS["outside.US-NIH"]}]
    assert told["you_can"][0]["do"] == "Streaming"
    assert "human" not in dressed(record())


# Languages


def word(key: str, told: str, **members: Any) -> Text:
    return Text(told={"all": told}, source=fingerprint(WORDS[key]), **members)


WHOLE = Language(
    tag="xx",
    words={key: word(key, f"<{key}>", reviewed=True) for key in WORDS},
    sentences={
        code: Text(told=dict.fromkeys(("researcher", "dac", "subject"), f"<{code}>"), source=source_of_, reviewed=True)
        for code, source_of_ in ((code, fingerprint(source_of(spec))) for code, spec in REASONS.items())
    },
)


def made_in(language: Language, **members: Any) -> tuple[str, bool, list[str]]:
    told = dressed(record(**members), language)
    return told["language"], told["reviewed"], told["notes"]


def test_a_telling_says_in_which_language_it_is_and_whether_somebody_reviewed_it() -> None:
    assert made_in(ENGLISH) == ("en", True, [])
    assert made_in(WHOLE) == ("xx", True, [])
    assert dressed(record(), WHOLE)["audience_texts"]["subject"] == f"<subject.asked> <subject.no> <{CODE}>"
    unread = replace(WHOLE, words={**WHOLE.words, "subject.no": word("subject.no", "<no>")})
    assert made_in(unread) == ("xx", False, ["<line.unreviewed>"])
    old = replace(WHOLE, words={**WHOLE.words, "subject.no": Text(told={"all": "<no>"}, source="x", reviewed=True)})
    assert made_in(old) == ("xx", False, ["<line.stale>"])
    both = replace(old, words={**old.words, "subject.asked": word("subject.asked", "<asked>")})
    assert made_in(both) == ("xx", False, ["<line.stale>", "<line.unreviewed>"])


def test_words_that_were_told_at_the_time_stay_as_they_were_told() -> None:
    kept = why(sentences={"researcher": "Of old.", "dac": "Of old.", "subject": "Of old."})
    told = dressed(record(why=[kept], texts_version="1"))
    assert (told["why"][0]["sentence"], told["texts_version"]) == ("Of old.", "1")
    assert dressed(record())["texts_version"] == TEXTS_VERSION


def test_a_country_in_a_step_is_named_in_the_readers_language_and_nothing_else_is_taken_for_one() -> None:
    spanish = load_languages(b.CONFIG / "texts")["es"]
    for fact, value, wanted in (("recipient.country", "DE", "Alemania"), ("purpose.project", "DE", "DE")):
        step = {"fact": fact, "set": value, "by": "you", "and": [], "result": "PERMIT"}
        (told,) = dressed(record(change_that_would_help=[step]), spanish)["change_that_would_help"]
        assert told["say"].rstrip(".").endswith(wanted), told["say"]


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [("request", "the request, 2027-01-14"), ("sign_in", "stated at sign-in, 2027-01-14"), ("registry", "institution registry, checked 2027-01-14")],
)  # fmt: skip
def test_what_somebody_stated_is_not_called_checked(origin: str, wanted: str) -> None:
    fact = {"name": "x", "value": 1, "origin": origin, "checked": "2027-01-14T00:00:00Z"}
    (told,) = dressed(record(why=[why("JUR-FACT-MISSING", slots={"missing": "x"}) | {"facts": [fact]}]))["why"]
    assert told["facts"][0]["source"] == wanted

"""What cannot be done with an application or a grant, and why (codes `REQ-*`, `GRANT-*`, `CASE-*`)."""

from broker.core.reasons.spec import Spec

SPECS = (
    Spec("REQ-NOT-YOUR-PART", "people", "facts", "Your part in it does not include this step: {step}.", "Step of another part: {step}.", "Somebody tried a step that was not theirs to take. It was refused."),
    Spec("REQ-STEPPED-ASIDE", "people", "facts", "You stepped aside from this application, for an interest of your own, and take no part in its decision.", "Member who stepped aside.", "Somebody with an interest of their own took no part in the decision."),
    Spec("REQ-QUORUM", "people", "facts", "{votes} of the {quorum} votes that this committee needs have been cast. It can answer when the others have voted.", "Quorum not reached: {votes} of {quorum}.", "A committee could not answer yet: too few had voted."),
    Spec("REQ-UNASSESSED", "people", "facts", "Before it answers, the committee writes down the risk of the use, the risk of not using the data, the benefit, and to whom it goes.", "No two-sided assessment of these papers.", "A committee must look at both sides before it answers."),
    Spec("REQ-LAY-UNSTATED", "people", "facts", "Say in plain words what the project is for. If it is approved, everybody can read that in the register of projects.", "No lay summary.", "A project must say in plain words what it is for."),
    Spec("REQ-OTHER-HOME", "people", "facts", "One of the committees wants an institution to stand behind the application, and no institution is yours and the applicant's alike. Hand in an application of your own, for yours to endorse.", "Joining from another institution than the one that endorses.", "Somebody wanted to join others whose institution cannot answer for them. It was refused."),
    Spec("CASE-LATE", "people", "none", "The time to challenge this answer ended on {date}. You can still complain, or ask again with another application.", "Challenge after {date}.", "An answer was challenged too late."),
    Spec("REQ-VOTED", "people", "facts", "The committee voted {opinion}. The answer can only be that; whoever thinks otherwise asks for another vote.", "Answer against the vote: {opinion}.", "An answer against the committee's own vote was refused."),
    Spec("REQ-APPLICATION-NEEDED", "people", "facts", "This committee votes, or asks for the endorsement of your institution. Hand in an application instead: POST /api/v1/applications.", "Request made alone, before a committee that votes or wants an endorsement.", "A request that had not gone the way it must was refused."),
    Spec("GRANT-NO-LONGER", "contract", "facts", "The grant cannot be made longer: by the codes, the dataset or the rules of now it ends on {date} at the latest.", "No later end than {date} is possible.", "A permission was not made longer than it may be."),
    Spec("REQ-ORIGIN-OPEN", "people", "facts", "People of the place that the data come from may comment until the end of {date}. The committee cannot say yes before that, unless all of them have spoken.", "Window of the place of origin open until {date}.", "A yes waited until people of the place of origin had time to speak."),
    Spec("REQ-ORIGIN-VOTE", "people", "facts", "The place that the data come from objects. The committee can say yes only after a vote in favour.", "Objection of the place of origin without a vote in favour.", "The place of origin objected, so people voted first."),
    Spec("REQ-ORIGIN-OBJECTED", "people", "facts", "The place that the data come from objects. A yes says what the committee answers to that.", "Objection of the place of origin without an answer.", "The place of origin objected, and a yes must answer it."),
    Spec("REQ-ORIGIN-OVER", "people", "none", "The time to comment on this request is over, or it was answered.", "Comment of the place of origin out of time.", "Somebody commented on a request too late."),
    Spec("REQ-DRAFTS", "system", "facts", "You have {limit} drafts, and no more can be kept. Delete one first.", "Draft limit of a person.", "A limit on unfinished requests was reached."),
)  # fmt: skip

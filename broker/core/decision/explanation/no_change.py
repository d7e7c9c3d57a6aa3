"""For which reasons is no change ever told, and why? Every other code of a gate has a world in which one is.

A table for readers, and for the test that no code is forgotten: what is told in the end is found by evaluating alone.
"""

from collections.abc import Mapping
from types import MappingProxyType

ALLOWED = "It says why something is allowed."


def _codes(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


NO_CHANGE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        ALLOWED: _codes(
            "COM-APPROVED DUO-DS DUO-GRU DUO-HMB DUO-NRES DUO-POA JUR-BR-ADEQUATE JUR-BR-DOMESTIC JUR-BR-SCC",
            "JUR-CN-DOMESTIC JUR-CN-OK JUR-EHDS-OK JUR-EU-ADEQUATE JUR-EU-ADEQUATE-DPF JUR-EU-ADEQUATE-PARTIAL",
            "JUR-EU-EMPLOYEE-ABROAD JUR-EU-INTRA-EEA JUR-EU-NO-TRANSFER JUR-EU-NOT-PERSONAL JUR-EU-SAFEGUARDS",
            "JUR-IN-DOMESTIC JUR-IN-DPDP-OK JUR-IN-HMSC-OK JUR-NG-DOMESTIC JUR-NG-S41 JUR-NG-S43-CONSENT",
            "JUR-UK-ADEQUATE JUR-UK-BRIDGE JUR-UK-DOMESTIC JUR-UK-IDTA JUR-UK-NO-TRANSFER JUR-US-202-504",
            "JUR-US-202-BELOW-BULK JUR-US-202-NO-ACCESS JUR-US-202-NONTRANSACTION JUR-US-202-NOT-COVERED",
            "JUR-US-NIH-OK JUR-ZA-DOMESTIC JUR-ZA-S72-ADEQUATE JUR-ZA-S72-AGREEMENT",
        ),
        "It is about what participants agreed to. A change that helps would tell what that is (ruling 10).": _codes(
            "CON-AFTER-DEATH CON-AI-MODEL-RELEASE CON-AI-TRAINING CON-ANCESTRY CON-ASK CON-CAPACITY-REGAINED",
            "CON-COMMERCIAL-USE CON-CONDITION CON-CONDITION-OPEN CON-DISEASE CON-EXPIRED CON-FAMILY",
            "CON-FAMILY-DECIDES CON-FORPROFIT-ORG CON-GENETIC-ONLY CON-HOSTING CON-LEFT-OUT CON-LINKAGE",
            "CON-METHODS CON-METHODS-UNCLEAR CON-MIXED-FILE CON-MODALITY CON-NO-CONTACT CON-NO-RECORD",
            "CON-NOT-YET-EFFECTIVE CON-PURPOSE CON-PURPOSE-UNCLEAR CON-REAFFIRM-DUE CON-RECORD-CONFLICT",
            "CON-REGION CON-REPRESENTATIVE-LAPSED CON-SILENT CON-SUSPENDED CON-TOO-FEW CON-TOPIC CON-UNDECLARED",
            "CON-UNKNOWN-ANSWER CON-UNKNOWN-CODE CON-WITHDRAWN CON-WITHDRAWN-NEW-DATA",
        ),
        "Only the data holder can mend the record, and what it will say then nobody knows.": _codes(
            "CON-NO-CERTIFICATE DUO-CODE-IGNORED DUO-CODE-OBSOLETE DUO-CODE-UNKNOWN DUO-CONTRADICTION",
            "DUO-FREE-TEXT DUO-NO-PERMISSION DUO-PARAMETER-MISSING DUO-PARAMETER-STRAY DUO-TWO-PERMISSIONS",
        ),
        "It is about what the project is, or who asks. Nobody is told to be somebody else.": _codes(
            "AUTH-IDENTITY-UNTRUSTED DUO-ANCESTRY DUO-DISEASE-UNKNOWN DUO-FORPROFIT-ORG DUO-GENETIC-ONLY",
            "DUO-INSTITUTION DUO-INSTITUTION-UNSTATED DUO-ORGANISATION-UNSTATED DUO-POPULATION DUO-PROJECT",
            "DUO-PROJECT-UNSTATED DUO-PURPOSE-UNSTATED DUO-REGION-UNSTATED DUO-RESEARCH-TYPE",
            "DUO-RESEARCH-TYPE-UNCLEAR DUO-SENSITIVE DUO-SENSITIVE-UNSTATED DUO-USER DUO-USER-UNSTATED",
        ),
        "People decide it: a committee, an officer, or who suspended. The answer says how to reach them.": _codes(
            "JUR-NO-PACK JUR-NO-RULE JUR-PACK-LOW-CONFIDENCE JUR-PACK-STALE OPS-RECIPIENT-SUSPENDED PUR-DUAL-USE",
            "REQ-REJECTED",
        ),
        "Another way of access may pass. It is told as such, and is no change.": _codes(
            "COM-LOCAL-ONLY GOV-SECURE-ROOM-FIRST JUR-EHDS-PERMIT JUR-EHDS-SPE",
        ),
        "Nobody can set it aside.": _codes(
            "COM-REFUSED JUR-EHDS-ART54 JUR-IN-DPDP-RESTRICTED PUR-PROHIBITED",
        ),
        "It passes on a day that it names.": _codes(
            "GOV-EMBARGO",
        ),
    }
)
"""Why, and for which codes."""

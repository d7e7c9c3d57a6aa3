"""What a reason says about many datasets at once, where its own sentence names something that each has of its own.

A pre-check of many tells the sentence of each code once. Whoever wants the diseases, dates or places of one dataset
asks about that one.
"""

from collections.abc import Mapping
from types import MappingProxyType

GENERAL_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "general.CON-DISEASE": "Participants agreed to research on certain diseases. Yours is outside them.",
        "general.CON-METHODS-UNCLEAR": "Say which disease your method is for; participants agreed to certain diseases only.",
        "general.CON-UNDECLARED": "Your request does not say something that participants decide about.",
        "general.DUO-DS": "Allowed: research on certain diseases.",
        "general.DUO-DISEASE": "These data may be used for research on certain diseases. Yours is outside them.",
        "general.DUO-DISEASE-NEEDED": "These data may be used for research on certain diseases only. A purpose that names no disease is wider.",
        "general.DUO-RESEARCH-TYPE": "These data are for one kind of research. Your purpose is something else.",
        "general.DUO-REGION": "These data may be used in certain regions only, and you name a place outside them.",
        "general.DUO-PROJECT": "These data are open to named projects only, and yours is not among them.",
        "general.DUO-INSTITUTION": "These data are open to named institutions only, and yours is not among them.",
        "general.DUO-MORATORIUM": "Nothing may be published from these data for some time yet. You offered an earlier date.",
        "general.DUO-DURATION": "You ask for longer than these data may be used.",
        "general.DUO-PURPOSE-UNCLEAR": "It is not clear that your purpose is within what these data allow. The committee will decide.",
        "general.DUO-DISEASE-UNSTATED": "Say which disease your research is about. These data are for certain diseases only.",
        "general.DUO-DISEASE-UNKNOWN": "A disease term that you or the dataset name is not in our disease list. The committee will decide.",
        "general.DUO-METHODS-UNCLEAR": "Say which health purpose or disease your method is for. These data do not allow methods by themselves.",
        "general.DUO-REGION-UNSTATED": "These data may be used in certain regions only. We do not know all places where you will work and compute.",
        "general.DUO-REGION-UNKNOWN": "A place could not be looked up. The committee will decide.",
        "general.DUO-PARAMETER-MISSING": "A code of these data lacks a part. The committee will decide.",
        "general.DUO-PARAMETER-STRAY": "A code of these data has a part that it cannot have. The committee will decide.",
        "general.DUO-FREE-TEXT": "A code of these data has limits in words. The committee will read them.",
        "general.JUR-FACT-MISSING": "The law of a country asks something that nobody has stated. Ask about one dataset to read what it is.",
        "general.JUR-NO-PACK": "We have no rules for a country that these data come from. The legal office will decide.",
        "general.OPS-REPORT-OVERDUE": "A progress report of yours is overdue. Access resumes when it is in.",
        "general.OPS-DUTY-OVERDUE": "Something that you owe under an earlier grant is overdue. Nothing new is granted until it is done.",
        "general.AUTH-TRAINING-EXPIRED": "Your training certificate has ended. Renew it to continue.",
        "general.AUTH-TRAINING-MISSING": "These data are used by people who were trained. Show your certificate.",
        "general.AUTH-STEP-UP": "These data need another sign-in. Ask about one dataset to read which.",
        "general.AUTH-STEP-UP-UNKNOWN": "These data need a certain way of signing in, and what you showed does not say how you signed in. Sign in here.",
        "general.AUTH-TERMS": "Accept the terms of use first.",
        "general.AUTH-NOT-REGISTERED": "These data are for registered researchers: bring both visas of Registered Access, the researcher status and the accepted terms.",
        "general.AUTH-GRANT-ENDED": "Your grant has ended. Ask for a new one.",
        "general.GOV-EMBARGO": "These data are under embargo for some time yet.",
    }
)

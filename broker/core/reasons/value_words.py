"""What facts say, where they say it by a word of programs: the words for people. As named_things.py.

Those of closed lists (`jurisdiction/facts.py` WORDS) are all here, and so is every word that a pack of ours asks about.
"""

from collections.abc import Mapping
from types import MappingProxyType

VALUE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "value.data.category.genomic": "genomes",
        "value.data.category.epigenomic": "marks on genomes (epigenomic)",
        "value.data.category.transcriptomic": "which genes are active (transcriptomic)",
        "value.data.category.proteomic": "proteins (proteomic)",
        "value.data.category.phenotype": "health and traits (phenotypes)",
        "value.data.category.imaging": "pictures (imaging)",
        "value.data.identifiability.identified": "people are named",
        "value.data.identifiability.pseudonymised": "names are replaced by codes (pseudonymised)",
        "value.data.identifiability.anonymous": "nobody could be found (anonymous)",
        "value.data.repository_class.institutional": "an institution's own archive",
        "value.data.repository_class.nih_cadr": "an archive of the US National Institutes of Health (controlled access)",
        "value.data.regimes_declared.eu-gdpr": "the data protection law of the EU (GDPR)",
        "value.data.regimes_declared.eu-ehds": "the European Health Data Space (EHDS)",
        "value.data.controller_type.university": "a university",
        "value.data.controller_type.hospital": "a hospital",
        "value.data.controller_type.company": "a company",
        "value.data.controller_type.government": "a public authority",
        "value.data.controller_type.institute": "a research institute",
        "value.recipient.institution_type.university": "a university",
        "value.recipient.institution_type.hospital": "a hospital",
        "value.recipient.institution_type.company": "a company",
        "value.recipient.institution_type.government": "a public authority",
        "value.recipient.institution_type.institute": "a research institute",
        "value.request.consideration.none": "nothing is paid",
        "value.request.consideration.cost_recovery": "costs are paid back",
        "value.request.consideration.fee": "a fee is paid",
        "value.request.consideration.license": "a licence is paid for",
        "value.request.consideration.other_value": "something else of value is given",
        "value.request.transaction_type.research_collaboration": "research together",
        "value.request.transaction_type.data_brokerage": "trade in data",
        "value.request.transaction_type.vendor_agreement": "a contract with a supplier",
        "value.request.purpose_flags.prohibited": "forbidden by the rules of this service",
        "value.request.purpose_flags.ehds_prohibited": "forbidden by the European Health Data Space",
        "value.request.purpose_flags.dual_use": "could also be used to do harm",
        "value.request.purpose_flags.re_identification": "finding out who people are",
        "value.request.purpose_flags.discrimination": "treating people unfairly",
        "value.request.purpose_flags.stigmatisation": "putting a stigma on people",
        "value.request.purpose_flags.surveillance": "watching people",
        "value.request.purpose_flags.group_profiling": "judging groups of people",
        "value.request.purpose_flags.misuse": "misuse",
        "value.request.purpose_flags.other": "another mark",
    }
)

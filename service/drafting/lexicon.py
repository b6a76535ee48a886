"""What exports call things: words that mean the same, and other names of the items that every package has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: Our words, and those of exports that mean the same, whatever the agency.
_MEANT: Final[Mapping[str, str]] = {
    "member": "client patient child consumer mbr pt youth kid participant",
    "assessor": "clinician evaluator rater practitioner clin asr assr therapist staff author signer",
    "assessment": "asmt assess assessed eval evaluation evaluated assmt",
    "date": "dt",
    "zip": "postal zipcode postcode",
    "type": "typ kind purpose",
    "id": "no num number identifier nbr ident",
    "diagnosis": "dx diagnoses diag icd",
    "cert": "certification certificate certified credential",
    "status": "stat state",
    "comment": "cmt notes note comments narrative cmnt remarks remark",
    "service": "svc program prog programme",
    "consent": "release authorization cnsnt consents permission",
    "last": "surname ln lastname",
    "first": "given fn firstname forename",
    "last name": "lname",
    "first name": "fname",
    "birth date": "dob birthdate birthday born birthdt",
    "finalized": "fin final finalised signed locked finished",
    "gender": "sex sx",
    "chart id": "mrn",
    "masshealth id": "rid mmis",
    "masshealth": "medicaid",
    "code": "cd",
    "zip code": "postalcode",
    "fire setting": "firesetting",
    "2": "secondary second",
    "3": "tertiary third",
}
#: The same, by the word of an export.
SYNONYMS: Final[Mapping[str, str]] = {word: ours for ours, words in _MEANT.items() for word in words.split()}
#: Words that say nothing about which item it is.
STOP: Final = frozenset(
    {*("the", "a", "an", "on", "of", "to", "and", "or", "for", "in", "with", "s", "is", "was", "does", "did", "do")}
    | {*("item", "score", "rating", "value", "field", "q")}
)
#: Other names of items that every package has, in our own words.
ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "DOCUMENT_ID": ("document id", "assessment id"),
    "DOCUMENT_VERSION": ("document version", "revision id"),
    "SUBMISSION_TYPE": ("submission type",),
    "INSTRUMENT": ("instrument", "form", "assessment form", "tool", "cans version", "form type"),
    "ASSESSMENT_DATE": ("assessment date", "date completed assessment", "visit date", "observation date"),
    "ASSESSMENT_TYPE": ("assessment type", "type", "reason assessment"),
    "COMPLETION_STATUS": ("completion status", "assessment status", "status", "document status"),
    "INCOMPLETE_REASON": ("incomplete reason", "reason incomplete", "reason not finished"),
    "FINALIZED_ON": ("finalized date", "completion date", "finalized"),
    "PROVIDER_ID": ("masshealth provider id", "provider id"),
    "SERVICE": ("service", "service code", "level care"),
    "MEMBER_ID": ("masshealth id", "masshealth member id", "member id"),
    "MEMBER_LOCAL_ID": (
        "chart id",
        "member chart id",
        "medical record id",
        "record id",
        "member id",
        "case id",
        "local id",
    ),
    "MEMBER_LAST_NAME": ("member last name", "last name", "last", "member name last"),
    "MEMBER_FIRST_NAME": ("member first name", "first name", "first", "member name first"),
    "MEMBER_DOB": ("birth date", "member birth date"),
    "MEMBER_GENDER": ("gender", "member gender"),
    "MEMBER_ZIP": ("zip", "zip code", "home zip"),
    "MEMBER_LIVING_SITUATION": ("lives", "member lives", "where live", "residence type", "living arrangement"),
    "ASSESSOR_NAME": ("assessor name", "assessor"),
    "ASSESSOR_KEY": ("cert key", "cert id", "assessor cert key", "assessor cert id", "cans cert"),
    "CONSENT": ("consent", "consent status", "consent cans", "consent decision"),
    "CONSENT_DATE": ("consent date", "consent recorded date"),
    "SED_DETERMINATION": ("sed determination", "sed present", "sed finalized", "sed met", "has sed"),
    "DX_CODE": ("diagnosis", "diagnosis code", "primary diagnosis", "primary diagnosis code"),
}
#: The two halves of a name that the dictionary wants in one.
HALVES: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "ASSESSOR_NAME": (
        ("assessor last name", "assessor last", "assessor family name"),
        ("assessor first name", "assessor first"),
    ),
}
#: What exports call a section, besides its title.
SECTIONS: Final[Mapping[str, str]] = {
    "LDF": "life domain functioning function lf",
    "EBN": "emotional behavioral emotions eb",
    "RSK": "risk behaviors rb",
    "RFK": "risk factor factors early rf",
    "CUL": "cultural culture cu acculturation",
    "TRA": "transition adulthood tr ta",
    "CGR": "caregiver cg parent",
    "STR": "strengths strength st",
    "SED": "sed serious emotional disturbance",
}
#: Words of exports for codes of the usual lists: word to code, by list.
CODE_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "gender": {
        "girl": "female",
        "boy": "male",
        "woman": "female",
        "man": "male",
        "nonbinary": "other",
        "x": "other",
        "un": "other",
        "unk": "unknown",
    },
    "assessment_type": {
        **dict.fromkeys(("intake", "admission", "first", "ini", "new"), "initial"),
        **dict.fromkeys(
            ("review", "periodic", "update", "reassess", "re", "follow up", "followup", "reeval", "discharge"),
            "reassessment",
        ),
    },
    "completion_status": {
        **dict.fromkeys(("final", "finalized", "completed", "signed", "done", "cmp", "locked", "closed"), "complete"),
        **dict.fromkeys(("on paper", "paper form"), "paper"),
        **dict.fromkeys(("closed early", "incomplete"), "incomplete-final"),
    },
    "consent": {
        **dict.fromkeys(("yes", "y", "true", "granted", "consented", "signed", "obtained", "1"), "given"),
        **dict.fromkeys(("no", "n", "false", "declined", "denied", "0"), "refused"),
        **dict.fromkeys(("revoked", "rescinded"), "withdrawn"),
        **dict.fromkeys(("pending", "unknown"), "not-asked"),
    },
    "instrument": {
        **dict.fromkeys(("cans 5 20", "5 20", "five to twenty"), "five-through-twenty"),
        **dict.fromkeys(("cans 0 4", "0 4", "cans b 4", "birth to four", "early childhood"), "birth-through-four"),
    },
    "service": {"outpatient": "OPT", "in home": "IHT"},
    "living_situation": {
        **dict.fromkeys(("parents", "at home", "lives at home", "birth family"), "home"),
        **dict.fromkeys(("foster", "foster care"), "foster-home"),
        **dict.fromkeys(("kin", "kinship", "kinship care", "relatives"), "kinship-home"),
    },
    "rating": {"none": "0", "mild": "1", "moderate": "2", "severe": "3"},
}
#: HL7 v2: what the standard calls its places.
HL7_NAMES: Final[Mapping[str, str]] = {
    "PID-5.1": "member last name",
    "PID-5.2": "member first name",
    "PID-7": "birth date",
    "PID-8": "gender",
    "PID-11.5": "zip",
    "PV1-7.1": "assessor id",
    "PV1-7.2": "assessor last name",
    "PV1-7.3": "assessor first name",
    "PV1-19": "visit id",
    "OBR-7": "observation date",
    "OBR-16.1": "assessor cert id",
    "OBR-16.2": "assessor last name",
    "OBR-16.3": "assessor first name",
    "TXA-4": "observation date",
}
#: C-CDA: what the standard calls the places of its head.
CDA_NAMES: Final[Mapping[str, str]] = {
    "id/@extension": "document id",
    "recordTarget/patientRole/patient/name/family": "member last name",
    "recordTarget/patientRole/patient/name/given": "member first name",
    "recordTarget/patientRole/patient/birthTime/@value": "birth date",
    "recordTarget/patientRole/patient/administrativeGenderCode/@code": "gender",
    "recordTarget/patientRole/addr/postalCode": "zip",
    "author/time/@value": "finalized date",
    "author/assignedAuthor/id/@extension": "assessor cert id",
    "author/assignedAuthor/assignedPerson/name/family": "assessor last name",
    "author/assignedAuthor/assignedPerson/name/given": "assessor first name",
    "documentationOf/serviceEvent/code/@code": "service code",
    "documentationOf/serviceEvent/effectiveTime/@value": "visit date",
}
#: … and the kinds of identifiers in PID-3, by HL7's table 0203.
HL7_IDENTIFIERS: Final[Mapping[str, str]] = {"MA": "masshealth id", "MR": "chart id", "PI": "local id"}

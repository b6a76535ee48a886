"""Every seeded defect is refused, alone, with a sentence at its file and line."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from canonical.errors import SpecDefect
from specs.reader import load
from specs.seal import SEAL, seal


@dataclass(frozen=True, kw_only=True)
class Seed:
    """One defect: in this file, the old text (first place) becomes the new one; the defect is said where ``at`` stands."""

    name: str
    file: str
    old: str
    new: str
    at: str
    says: str
    #: What follows from it, and is said too.
    also: tuple[str, ...] = ()


def seed(
    name: str, file: str, old: str, new: str, says: str, *, at: str | None = None, also: tuple[str, ...] = ()
) -> Seed:
    return Seed(name=name, file=file, old=old, new=new, at=new if at is None else at, says=says, also=also)


RULE = "rules/B001.toml"
SEEDS = [
    # package.toml
    seed("no TOML", "package.toml", 'title = "A small', "title = A small", "This is not TOML"),
    seed("unknown status", "package.toml", '"provisional"', '"final"', "'final' is no status"),
    seed("a date in quotes", "package.toml", "2030-01-01", '"2030-01-01"', "The key 'in_force' must be a date"),
    seed("a missing key", "package.toml", 'root = "Cans"\n', "", "The key 'root' is missing.", at="[wire]"),
    seed("an unknown key", "package.toml", "[wire]", 'owner = "me"\n[wire]', "The key 'owner' is not known here.", at="owner"),
    seed("an unknown consent item", "package.toml", '"CONSENT"', '"ASSENT"', "'ASSENT' is no item of items.csv."),
    seed("consent in free text", "package.toml", '"CONSENT"', '"MEMBER_GENDER"', "must be one of codes"),
    seed("an unknown consent code", "package.toml", '["given"]', '["granted"]', "'granted' is no value of CONSENT."),
    seed("a version with a slash", "package.toml", '"2030.1"', '"2030/1"', "A version is made of"),
    # instruments.toml
    seed("an impossible age", "instruments.toml", '"5-20"', '"20-5"', "An age is written"),
    seed("an unknown comment", "instruments.toml", '"LDF_COMMENT"', '"LDF_REMARK"', "'LDF_REMARK' is no item"),
    seed("an instrument without a code", "instruments.toml", 'code = "older"', 'code = "oldest"', "'oldest' is no value of INSTRUMENT."),
    seed("an unknown service", "instruments.toml", '"ICC"', '"IHT"', "'IHT' is no value of SERVICE."),
    seed("a due interval of no days", "instruments.toml", "days = 90", "days = 0", "must lie between 1 and"),
    seed("a due interval of a century", "instruments.toml", "days = 90", "days = 36500", "3660 days at most", at='[[instrument.due]]\nservice = "ICC"'),
    seed("a due interval that ends first", "instruments.toml", "days = 90", "days = 90\nvalid_from = 2036-01-01", "ends before it begins", at='[[instrument.due]]\nservice = "ICC"'),
    seed("two due intervals at once", "instruments.toml", '"ICC"', '"*"', "Two intervals for the service '*'", at='[[instrument.due]]\nservice = "*"\ndays = 90'),
    seed("a due interval that cites nothing known", "instruments.toml", '["REQ-001"]', '["REQ-111"]', "'REQ-111' is no requirement"),
    seed("a section that repeats a hundred times", "instruments.toml", 'comment = "LDF_COMMENT"', 'comment = "LDF_COMMENT"\nrepeats = 100', "repeats 99 times at most", at="repeats", also=("another number of times",)),
    seed("a section that repeats no time", "instruments.toml", 'comment = "LDF_COMMENT"', 'comment = "LDF_COMMENT"\nrepeats = 0', "must lie between 1 and", at="repeats"),
    # codes.csv
    seed("a code twice", "codes.csv", "rating,1,", "rating,0,", "The code '0' stands twice", at="rating,0,Rating 1"),
    seed("a code that ends first", "codes.csv", "2039-12-31", "2029-12-31", "The code ends before it begins."),
    seed("no date", "codes.csv", "2039-12-31", "12/31/2039", "The column 'valid_to' must be a date"),
    # items.csv
    seed("an unknown column", "items.csv", "wire,cites\n", "wire,cites,color\n", "The column 'color' is not known."),
    seed("a missing column", "items.csv", ",length,", ",", "The column 'length' is missing.", at="item,"),
    seed("a field too many", "items.csv", "Service,code", "Service,,code", "The row has 18 fields"),
    seed("an open quotation mark", "items.csv", "LDF_SLEEP,", 'LDF_SLEEP,"', "the file is not CSV"),
    seed("an unknown type", "items.csv", "Reason,text", "Reason,words", "'words' is no type"),
    seed("an item twice", "items.csv", "SERVICE,", "PROVIDER_ID,", "The item PROVIDER_ID stands there twice.", at="PROVIDER_ID,,DOC,Service"),
    seed("an item that code relies on", "items.csv", "PROVIDER_ID,", "PROVIDER,", "The item PROVIDER_ID is missing", at="item,"),
    seed("an unknown code list", "items.csv", ",rating,", ",ratings,", "'ratings' is no list of codes.csv."),
    seed("a code item without a list", "items.csv", ",service,", ",,", "names its code list", at="SERVICE,"),
    seed("a list for a text", "items.csv", "Reason,text,no,,,", "Reason,text,no,,rating,", "means nothing for the type text"),
    seed("an unknown instrument", "items.csv", "LDF_SLEEP,young", "LDF_SLEEP,elder", "'elder' is no instrument"),
    seed("an unknown section", "items.csv", ",LDF,Sleep", ",EBN,Sleep", "has no section 'EBN'."),
    seed("an item in a condition", "items.csv", "paper;CONSENT", "paper;ASSENT", "'ASSENT' is no item"),
    seed("a value in a condition", "items.csv", "complete|paper;", "whole|paper;", "'whole' is no value of COMPLETION_STATUS."),
    seed("no condition", "items.csv", "paper;CONSENT", "paper;CONSENT>1", "'CONSENT>1' is no condition"),
    seed("a condition that nobody asks for", "items.csv", "Reason,text,no,,", "Reason,text,no,CONSENT,", "'required_when' is filled where"),
    seed("a maximum below the minimum", "items.csv", ",1,99,", ",100,99,", "'max' is below 'min'"),
    seed("a pattern that RE2 refuses", "items.csv", "[0-9]{12}", "(?=[0-9])", "not one that RE2 understands"),
    seed("a pattern without end", "items.csv", "[0-9]{12}", "a" * 501, "longer than 500 characters"),
    seed("an age that is none", "items.csv", ",2-,", ",2+,", "An age is written"),
    seed("no path", "items.csv", "Life/Sleep", "Life//Sleep", "is no path of element names"),
    seed("a path twice", "items.csv", "Life/Comment", "Life/Sleep", "The wire path Life/Sleep is that of LDF_SLEEP.", at="LDF_COMMENT,"),
    seed("a group that is opened twice", "items.csv", "Life/Comment", "Member/Comment", "The wire path returns to Member"),
    seed("a group that is an item", "items.csv", "Life/Comment", "AssessmentDate/Comment", "both an item of its own and a group"),
    seed("an unknown requirement", "items.csv", "Version,our assumption", "Version,REQ-999", "'REQ-999' is no requirement"),
    seed("nothing cited", "items.csv", "Version,our assumption", "Version,", "Nothing is cited"),
    # requirements.csv
    seed("an unknown strength", "requirements.csv", "SHOULD", "MAY", "The strength must be one of"),
    seed("a requirement twice", "requirements.csv", "REQ-004", "REQ-003", "stands there twice", at="REQ-003,The section"),
    # rules
    seed("another code than the file's", RULE, '"B001"', '"B002"', "its file is named after it", also=("'B001' is neither a rule",)),
    seed("an unknown kind", RULE, '"date_order"', '"sql"', "'sql' is no kind of rule"),
    seed("a term of another kind", RULE, "first =", 'when = "CONSENT"\nfirst =', "The key 'when' is not known here.", at="when"),
    seed("a term of another type", RULE, '"MEMBER_DOB"\n', '["MEMBER_DOB"]\n', "The key 'first' must be a text."),
    seed("a term that is missing", RULE, 'then = "ASSESSMENT_DATE"\n', "", "The key 'then' is missing.", at="code"),
    seed("an unknown item", RULE, 'first = "MEMBER_DOB"', 'first = "MEMBER_BORN"', "'MEMBER_BORN' is no item"),
    seed("an item that is no date", RULE, 'first = "MEMBER_DOB"', 'first = "MEMBER_ID"', "The item MEMBER_ID is no date"),
    seed("a case of unknown items", RULE, "answers = { MEMBER_DOB", "answers = { BORN", "'BORN' is no item of items.csv."),
    seed("no case that fails", RULE, "[[fail]]", "[[pass]]", "The rule has no [[fail]] case.", at="code"),
    seed("a case without a reason", RULE, 'why = "the day before"', 'why = ""', "The key 'why' is empty."),
    seed("an unknown desk", RULE, '"own"', '"front"', "'front' is no desk of desks.toml."),
    seed("an unknown severity", RULE, '"error"', '"fatal"', "'fatal' is no severity"),
    seed("an unknown citation", RULE, '["REQ-001"]', '["REQ-001", "REQ-01"]', "'REQ-01' is no requirement"),
    # certification.toml
    seed("a standing left out", "certification.toml", "[standings.archived]", "[standings.shelved]", "The key 'archived' is missing.", at="", also=("The key 'shelved' is not known here.",)),
    seed("a hold without a cause", "certification.toml", 'hold = "unknown_key"\n', "", "The key 'hold' is missing.", at="[standings.unknown]"),
    seed("an unknown cause", "certification.toml", '"unknown_key"', '"no_key"', "'no_key' is no hold"),
    seed("an unknown action", "certification.toml", 'action = "pass"', 'action = "allow"', "'allow' is no action"),
    seed("a key pattern", "certification.toml", "[A-Z]{4}", "[A-Z", "not one that RE2 understands"),
    seed("a waiver that ends first", "certification.toml", "begins = 2030-03-01", "begins = 2030-03-01\nends = 2030-02-01", "The waiver ends before it begins.", at="ends"),
    # transport.toml
    seed("an unknown auth", "transport.toml", '"none"', '"basic"', "'basic' is no auth"),
    seed("a token from nowhere", "transport.toml", '"none"', '"private_key_jwt"', "needs the path 'token'", at="[paths]"),
    seed("a path without its field", "transport.toml", "{tracking_id}", "{id}", "must hold {tracking_id}"),
    seed("an unknown verdict", "transport.toml", '"pending"', '"later"', "'later' is no verdict"),
    seed("true for a number", "transport.toml", "tries = 3", "tries = true", "The key 'tries' must be a whole number."),
    seed("a schedule that waits for nothing", "transport.toml", "[15, 120]", "[15, 0]", "whole numbers above zero"),
    # desks.toml, examples
    seed("a desk without words", "desks.toml", 'say = "Please look at it."\n', "", "The key 'say' is missing.", at="[desks.own]"),
    seed("no JSON", "examples/accepted/least.json", '"answers": {', '"answers": [', "the file is not JSON", at='"MEMBER_DOB"'),
    seed("an example of unknown items", "examples/accepted/least.json", "MEMBER_DOB", "BORN", "'BORN' is no item"),
    seed("an example with a key too many", "examples/accepted/least.json", '"why"', '"rules": [], "why"', "An example is an object of", at="{"),
    seed("an example of an unknown rule", "examples/rejected/B001-before-birth.json", '"B001"', '"B001", "B009"', "'B009' is neither a rule"),
]  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"{seed.file}: {seed.name}")
def test_a_defect_is_said_once_at_its_line(tmp_path, files, write, seed):
    """One defect in, one sentence out, with the file and the line to look at."""
    assert seed.old in files[seed.file]
    text = files[seed.file].replace(seed.old, seed.new, 1)
    line = text.count("\n", 0, text.index(seed.at)) + 1
    with pytest.raises(SpecDefect) as refusal:
        load(write(tmp_path, {**files, seed.file: text}))
    defects = refusal.value.defects
    assert [d for d in defects if d.startswith(f"{seed.file}:{line}: ") and seed.says in d]
    assert len(defects) == 1 + len(seed.also)
    assert all(any(follows in defect for defect in defects) for follows in seed.also)


@pytest.mark.parametrize(
    "name",
    ["items.csv", "codes.csv", "instruments.toml", "requirements.csv", "certification.toml",
     "transport.toml", "desks.toml", "wire.xsd"],
)  # fmt: skip
def test_a_missing_file_is_named_alone(tmp_path, files, write, name):
    """What the other files say of its content is not held against them."""
    del files[name]
    with pytest.raises(SpecDefect) as refusal:
        load(write(tmp_path, files))
    assert refusal.value.defects == (f"{name}:1: The package needs this file, and it is not there.",)


def test_every_defect_is_told_at_once(tmp_path, files, write):
    """An author mends a package in one round, by file and line."""
    files["items.csv"] = files["items.csv"].replace("number,identifier", "number,text number").replace(",2-,", ",2+,")
    files["rules/B001.toml"] = files["rules/B001.toml"].replace('"own"', '"front"')
    with pytest.raises(SpecDefect) as refusal:
        load(write(tmp_path, files))
    assert [":".join(defect.split(":")[:2]) for defect in refusal.value.defects] == [
        "items.csv:10",
        "items.csv:22",
        "rules/B001.toml:10",
    ]
    assert "3 defects" in str(refusal.value)
    assert "rules/B001.toml:10: 'front' is no desk" in str(refusal.value)


@pytest.mark.parametrize("name", ["rules/B001.toml.bak", "rules/old/B002.toml", "examples/README"])
def test_a_file_that_nothing_would_read_is_refused(tmp_path, files, write, name):
    """A rule with a misspelt file name would otherwise be a rule that never runs."""
    with pytest.raises(SpecDefect, match=f"{name}:1: Only"):
        load(write(tmp_path, {**files, name: files["rules/B001.toml"]}))


def test_bytes_that_are_no_text_are_named_by_line(package):
    """A Latin-1 export of the dictionary is the usual cause."""
    path = package / "items.csv"
    path.write_bytes(path.read_bytes().replace(b"Gender,", b"G\xe9nre,"))
    seal(package)
    with pytest.raises(SpecDefect, match=r"items\.csv:14: This line is not UTF-8\."):
        load(package)


def test_a_package_without_a_seal_is_refused(package):
    """Unsealed data could have been changed by anyone."""
    (package / SEAL).unlink()
    with pytest.raises(SpecDefect, match=f"{SEAL}:1: The package needs this file"):
        load(package)

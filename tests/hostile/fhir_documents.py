"""FHIR that means harm: R4 and R5, JSON and XML."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from functools import cache

import fhir_builders
from fhir_builders import SUBJECT, bundle, consent, patient, response
from fhir_forms import as_r5, as_xml
from fhir_mutants import mutated, mutated_xml
from forty.assessments import forty
from forty.responses import r4
from hostile import json_texts, xml_texts
from hostile.damage import Files, Kinds, cut, damaged

MB = 1_000_000
#: As many of everything as nobody has, and as many assessments as an agency makes in weeks.
MANY = 4_000
OF_WEEKS = 500
NAMESPACE = 'xmlns="http://hl7.org/fhir"'
CYCLE = [
    patient(link=[{"other": {"reference": f"#c{(n + 1) % MANY}"}, "type": "seealso"}]) | {"id": f"c{n}"}
    for n in range(MANY)
]
_QUESTIONS = [{"linkId": str(n), "type": "choice"} for n in range(MANY)]
_FORM = {"resourceType": "Questionnaire", "url": "urn:q", "status": "active", "item": _QUESTIONS}
_VISIT = {
    "resourceType": "Encounter",
    "id": "e",
    "status": "finished",
    "class": {"code": "AMB"},
    "diagnosis": [{"condition": {"reference": "Condition/1"}}] * MANY,
}


@cache
def good() -> dict[str, object]:
    """Return an assessment as an agency's system writes it."""
    document: dict[str, object] = json.loads(r4(forty()[1]))
    return document


@cache
def forms() -> dict[str, bytes]:
    """Return it in every form of FHIR."""
    fifth = as_r5(good())
    return {
        "R4 JSON": json.dumps(good()).encode(),
        "R4 XML": as_xml(good()),
        "R5 JSON": json.dumps(fifth).encode(),
        "R5 XML": as_xml(fifth),
    }


def shared(number: int = MANY, things: int = MANY) -> dict[str, object]:
    """Return everything that so many responses share, as many things as that."""
    responses = [response(**SUBJECT)] * number
    consents = [{**consent(type="permit"), "patient": {"reference": "#"}}] * (things // 2)
    return {
        "names": bundle(patient(name=[{"family": f"n{n}"} for n in range(things)]), *responses),
        "identifiers": bundle(patient(identifier=[{"value": str(n)} for n in range(things)]), *responses),
        "a long name": bundle(patient(name=[{"family": "x" * 900_000, "given": ["y"]}]), *responses),
        "unknown keys": bundle(patient(**{f"k{n}": 1 for n in range(900)}), *responses),
        "Consents": bundle(patient(), *[consent(type="permit")] * things, *responses),
        "a long reference": bundle(patient(managingOrganization={"reference": "x" * 900_000}), *responses),
        "contained Consents": bundle(patient(contained=consents), *responses),
        "a Questionnaire": bundle(_FORM, *[response(questionnaire="urn:q")] * number),
        "an Encounter": bundle(
            patient(), _VISIT, *[response(encounter={"reference": "Encounter/e"}, **SUBJECT)] * number
        ),
        "one address": _entries([{"fullUrl": "urn:x", "resource": response()}] * number),
    }


def _entries(entries: Iterable[object]) -> dict[str, object]:
    return {"resourceType": "Bundle", "type": "collection", "entry": list(entries)}


def wide(inside: str, number: int = 20_000) -> str:
    return f"<Bundle {NAMESPACE}><type value='collection'/>{inside * number}</Bundle>"


_GIVEN = "<given id='a' value='b'/>"
WIDE = {
    "entries": wide("<entry><resource><Patient><gender value='male'/></Patient></resource></entry>", 10_000),
    "unknown elements": wide("<zz/>"),
    "one element again": wide("<type value='batch'/>"),
    "primitives with ids": f"<Patient {NAMESPACE}><name>{_GIVEN * 20_000}</name></Patient>",
}


def each_cut() -> Files:
    for form, content in forms().items():
        for label, short in cut(content):
            yield f"{form} {label}", short


def each_damaged() -> Files:
    for form, content in forms().items():
        tokens = xml_texts.TOKENS if form.endswith("XML") else json_texts.TOKENS
        for label, changed in damaged(content, tokens, 60):
            yield f"{form} {label}", changed


def mutants() -> Files:
    """Yield documents with one value replaced, taken away, doubled or beside a strange one."""
    dice = random.Random(7)
    for number in range(100):
        yield f"R4 JSON {number}", json.dumps(mutated(good(), dice)).encode()
        yield (
            f"R5 JSON {number}",
            json.dumps(
                as_r5(good()) | {"mutant": number} if number % 9 == 0 else mutated(as_r5(good()), dice)
            ).encode(),
        )
        yield f"R4 XML {number}", mutated_xml(forms()["R4 XML"], dice)


def nested() -> Files:
    for depth in (63, 64, 10_000, 300_000):
        yield (
            f"items {depth} deep",
            _nested('{"resourceType":"QuestionnaireResponse","item":[', '{"item":[', "]}", "]}", depth),
        )
        head, tail = f"<QuestionnaireResponse {NAMESPACE}>", "</QuestionnaireResponse>"
        yield f"elements {depth} deep", _nested(head, "<item>", "</item>", tail, depth)
        yield (
            f"extensions {depth} deep",
            _nested('{"resourceType":"Patient","extension":[', '{"extension":[', "]}", "]}", depth),
        )
    yield "contained in a circle", _json(response(contained=CYCLE, subject={"reference": "#c1"}))
    yield "a Bundle in a Bundle", _json(_entries([{"resource": _entries([{"resource": _entries([])}])}]))


def _nested(head: str, opening: str, closing: str, tail: str, depth: int) -> bytes:
    return (head + opening * depth + closing * depth + tail).encode()


def _json(document: object) -> bytes:
    return json.dumps(document).encode()


def numbers() -> Files:
    for number in ("9" * 5_000, "1e400", "-1", "2.0000000000000000001", "NaN", "1E+2", "9" * 2_000_000):
        text = _json(response(fhir_builders.item("LDF_SLEEP", valueInteger=0), status="completed"))
        yield (
            f"an integer {number[:9]} of {len(number)}",
            text.replace(b'"valueInteger": 0', f'"valueInteger": {number}'.encode()),
        )
        yield (
            f"a decimal {number[:9]} of {len(number)}",
            text.replace(b'"valueInteger": 0', f'"valueDecimal": {number}'.encode()),
        )
    for day in (
        "0000-00-00",
        "2026-02-30",
        "99999-01-01",
        "2026-03-04T99:99:99Z",
        "2026-03-04T10:00:00+99:99",
        "9" * 9_000,
    ):
        yield f"a day {day[:25]}", _json(response(authored=day))


def keys() -> Files:
    text = forms()["R4 JSON"]
    for key in (b'"resourceType":', b'"status":', b'"linkId":', b'"subject":', b'"birthDate":'):
        yield f"{key.decode()} twice", text.replace(key, key + b' "x", ' + key, 1)
    yield "the type twice, escaped", b'{"resourceType":"Bundle","resource\\u0054ype":"QuestionnaireResponse"}'
    yield "many unknown", _json(patient(**{f"k{n}": n for n in range(20_000)}))
    yield "a key of the language", _json(response(__class__={"a": 1}, __proto__=[]))


def halves() -> Files:
    text = forms()["R4 JSON"]
    for half in (b"\\ud800", b"\\udc00", b"\\ud800\\ud800", b"\xed\xa0\x80", b"\\u0000", b"\0"):
        yield f"a code {half!r}", text.replace(b"LDF_SLEEP", half)
        yield f"a name {half!r}", text.replace(b'"family"', b'"fam' + half + b'"')


def outside() -> Files:
    url = f"http://{xml_texts.HOST}/"
    for name in ("questionnaire", "implicitRules", "language"):
        yield f"{name} elsewhere", _json(response(**{name: url}))
    for place in (url, f"file://{xml_texts.SECRET}", "//127.0.0.1/x", "javascript:alert(1)", "urn:uuid:1"):
        yield (
            f"a subject at {place}",
            _json(bundle(response(subject={"reference": place}), patient(photo=[{"url": place}]))),
        )
        yield f"a profile at {place}", _json(response(meta={"profile": [place]}, **SUBJECT))
        yield f"an extension at {place}", _json(response(extension=[{"url": place, "valueUrl": place}]))
    for name in (f"file://{xml_texts.SECRET}", url):
        doctype = f'<!DOCTYPE a [<!ENTITY b SYSTEM "{name}">]>'
        yield (
            f"an entity {name}",
            f"{doctype}<QuestionnaireResponse {NAMESPACE}><id value='&b;'/></QuestionnaireResponse>".encode(),
        )


def large() -> Files:
    """Yield garbage in quantity: much that is no FHIR at all."""
    for name, one in {
        "nulls": "null",
        "numbers": "1",
        "empty objects": "{}",
        "empty arrays": "[]",
        "texts": '"x"',
    }.items():
        for holder in ("item", "contained"):
            yield (
                f"{name} as {holder}",
                _filled(f'{{"resourceType":"QuestionnaireResponse","{holder}":[', one, 400_000),
            )
        yield f"{name} as entries", _filled('{"resourceType":"Bundle","type":"collection","entry":[', one, 400_000)
    yield "impossible days", _json(bundle(*[patient(birthDate="2026-02-30")] * 8_000))
    yield "unknown keys everywhere", _json(bundle(*[patient(zz=1)] * 8_000))
    yield "unknown resources", _json(_entries([{"resource": {"resourceType": "Zz"}}] * 20_000))
    yield "texts for objects", _json(bundle(*[patient(name="x")] * 20_000))
    yield "a long text", _json(response(fhir_builders.item("Q", valueString="x" * 9_000_000)))
    yield "not a Bundle", _filled('{"resourceType":"Patient","x":[', "0", 4 * MB)
    yield "blanks", b'{"resourceType"' + b" " * (9 * MB) + b':"Bundle"}'
    for name, text in WIDE.items():
        yield name, text.encode()
    yield "elements for 9 MB", wide("<zz/>", 1_800_000).encode()
    yield "a narrative", f"<Patient {NAMESPACE}><text><div>{'<b/>' * 300_000}</div></text></Patient>".encode()


def _filled(head: str, one: str, number: int) -> bytes:
    return (head + ",".join([one] * number) + "]}").encode()


def of_many() -> Files:
    """Yield documents of many responses, each right by itself, around one thing that all of them share."""
    for name, document in shared(OF_WEEKS, 2 * OF_WEEKS).items():
        yield name, _json(document)


KINDS: Kinds = {
    "cut off": each_cut,
    "damaged": each_damaged,
    "mutants": mutants,
    "nested": nested,
    "huge numbers": numbers,
    "keys": keys,
    "lone surrogates": halves,
    "from outside": outside,
    "too much": large,
    "of many": of_many,
}

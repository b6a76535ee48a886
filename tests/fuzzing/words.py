"""Signs and names that mean something to each parser: the fuzzer puts them in."""

from __future__ import annotations

from typing import Final

OF_QUOTES: Final = (
    b'"',
    b"'",
    b"\\",
    b",",
    b";",
    b"|",
    b"\t",
    b"\r\n",
    b"\r",
    b"\n",
    b'""',
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
)
OF_JSON: Final = (
    *(b"{", b"}", b"[", b"]", b'"', b":", b",", b"\\u0061", b"\\ud800", b"null", b"true", b"1e999", b"0.10", b"-0"),
    *(b'"visits"', b'"answers"', b'"code"', b'"value"', b'"child"', b'"Q7"'),
)
OF_FHIR_NAMES: Final = (
    *(
        "resourceType",
        "Bundle",
        "QuestionnaireResponse",
        "Patient",
        "Consent",
        "Coverage",
        "Questionnaire",
        "Encounter",
    ),
    *("entry", "resource", "fullUrl", "item", "answer", "linkId", "valueCoding", "valueString", "valueInteger", "code"),
    *(
        "contained",
        "reference",
        "subject",
        "identifier",
        "system",
        "extension",
        "url",
        "id",
        "status",
        "meta",
        "_status",
    ),
    *("Practitioner", "PractitionerRole", "Organization", "Condition", "Composition", "author", "provision", "period"),
    *(
        "valueDate",
        "valueDecimal",
        "valueBoolean",
        "valueQuantity",
        "text",
        "div",
        "modifierExtension",
        "x",
        "LDF_SLEEP",
    ),
)
OF_FHIR: Final = tuple(f'"{name}"'.encode() for name in OF_FHIR_NAMES)
OF_XML: Final = (
    *(b"<", b"/>", b"</", b">", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?", b"?>", b"&amp;", b"&#233;", b"&x;"),
    *(
        b'xmlns="http://hl7.org/fhir"',
        b' xmlns:a="urn:a"',
        b"a:b",
        b"<!DOCTYPE a>",
        b' encoding="UTF-16"',
        b' value="1"',
    ),
)
OF_HL7: Final = (
    *(
        b"|",
        b"^",
        b"~",
        b"\\",
        b"&",
        b"\r",
        b"MSH|^~\\&|",
        b"OBX|",
        b"OBR|",
        b"PID|",
        b"BTS|1",
        b"FHS|",
        b"\\F\\",
        b"\\.br\\",
    ),
    *(b"\\X0D\\", b"\\X41\\", b"||ORU^R01|", b"LDF_SLEEP", b"\x0b", b"\x1c", b"UNICODE UTF-8", b"8859/1"),
)
OF_PATH: Final = (
    b"/",
    b"*",
    b"@",
    b"[",
    b"]",
    b'"',
    b"\\",
    b"{",
    b"}",
    b"=",
    b".",
    b"-",
    b"a",
    b"b",
    b"OBX",
    b"PID",
    b"1",
)
OF_TOML: Final = tuple(
    word.encode()
    for word in (
        *(
            "[items]",
            "[codes.rating]",
            "[long]",
            "from",
            "field",
            "value",
            "codes",
            "date",
            "pad",
            "strip",
            "join",
            "split",
        ),
        *(
            "number",
            "truth",
            "default",
            "empty",
            "ignore",
            "because",
            "layout",
            "header",
            "records",
            "question",
            "key",
            "item",
        ),
        *(
            '"""',
            "'''",
            "{",
            "}",
            "[[",
            "1979-05-27",
            "true",
            "inf",
            "\\u0000",
            "=",
            '"%Y"',
            "delimiter",
            "encoding",
            "trailer",
        ),
    )
)
OF_SHEET: Final = (
    *(
        b"<c ",
        b' r="A1"',
        b' t="s"',
        b' t="e"',
        b"<v>",
        b"<f>",
        b"<is><t>",
        b"</c>",
        b"<row ",
        b' hidden="1"',
        b"</row>",
    ),
    *(b'<mergeCell ref="A1:B2"/>', b' s="1"', b"1e999", b"<sheet ", b' date1904="1"', b"Target=", b"numFmtId="),
)

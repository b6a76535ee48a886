"""Mapping files that mean harm: TOML, and paths in it."""

from __future__ import annotations

from fuzzing import small
from hostile.damage import Files, Kinds, cut, damaged

MB = 1_000_000
TOKENS = (
    *(
        b"[",
        b"]",
        b"[[",
        b"{",
        b"}",
        b'"',
        b"'",
        b'"""',
        b"=",
        b"\n",
        b"\r",
        b"#",
        b".",
        b",",
        b"\\",
        b"\0",
        b"\xff",
        b"\xed\xa0\x80",
    ),
    *(b"inf", b"nan", b"1979-05-27", b"[items]", b"from", b'"\\ud800"', b"99999999999999999999"),
)
_HEAD = 'agency = "riverbend"\nformat = "{}"\neffective = 2026-01-01\n{}\n[items]\nLDF_SLEEP = {{ {} }}\n'


def _with(line: str, format_: str = "delimited", head: str = "") -> bytes:
    return _HEAD.format(format_, head, line).encode("utf-8", "surrogatepass")


def each(files) -> Files:
    for name in small.names():
        for label, content in files(small.text_of(name).encode()):
            yield f"{name}: {label}", content


def bombs() -> Files:
    """Yield what takes a parser of TOML long, or deep, or everything."""
    for size in (100, 1_000, 100_000):
        yield f"{size} lists", b"a = " + b"[" * size + b"]" * size
        yield f"{size} tables in one line", b"a = " + b"{b=" * size + b"1" + b"}" * size
        yield f"{size} dots", b"a" + b".a" * size + b" = 1"
        yield f"{size} dots in a header", b"[a" + b".a" * size + b"]"
        yield f"{size} keys", b"".join(b"k%d = 1\n" % n for n in range(size))
        yield (
            f"{size} items",
            _with('from = "a"') + b"".join(b'I%d = { from = "c%d" }\n' % (n, n) for n in range(size // 10)),
        )
        yield f"{size} tables", b"".join(b"[t%d]\n" % n for n in range(size))
        yield f"{size} tables of a list", b"[[items]]\n" * size
        yield f"{size} quotes", b'a = "' + b'"' * size
        yield f"{size} backslashes", b'a = "' + b"\\" * size + b'"'
        yield f"{size} blanks", b"a" + b" " * size + b"= 1"
        yield f"{size} commas", b"a = [" + b"," * size + b"]"
        yield f"{size} digits", b"a = " + b"9" * size
        yield f"{size} signs of a key", b'"' + b"k" * size + b'" = 1'
        yield (
            f"{size} words of a table",
            _with('from = "a"') + b"[codes.x]\n" + b"".join(b'"w%d" = "1"\n' % n for n in range(size)),
        )
    yield "a large one", b"# " + b"x" * (2 * MB)
    yield "a large text", b'a = """' + b"x\n" * 400_000 + b'"""'


def values() -> Files:
    for line in (
        'from = ""',
        "from = 1",
        "from = []",
        'from = ["a", 1]',
        'from = "a", date = "%"',
        'from = "a", date = "%Z%z%c%"',
        f'from = "a", date = "{"%Y" * 5_000}"',
        'from = "a", pad = -1',
        'from = "a", pad = 99999999999999999999',
        'from = "a", pad = 1e9',
        'from = "a", pad = true',
        'from = "a", strip = ""',
        'from = "a", split = { at = "", part = 0 }',
        'from = "a", split = { at = "/", part = 99999999999999 }',
        'from = "a", codes = "none"',
        'from = "a", number = "(a+)+$"',
        'from = "a", truth = []',
        'from = "a", default = inf',
        'value = "x", from = "a"',
        "value = nan",
        'from = "__class__"',
        'from = "a", join = "\\u0000"',
        'from = "a", eval = "1"',
        'from = "\\ud800"',
    ):
        yield f"item {line[:40]}", _with(line)
    for head in (
        "header_row = 0",
        "header_row = 99999999999999999999999",
        "fields = 1e99",
        'delimiter = "\\u0000"',
        'encoding = "rot13"',
        'quoting = "\\""',
        'layout = "long"',
        'records = "/"',
        "empty = [[]]",
        "ignore = [1]",
        "ignore = { from = 1 }",
        'release = "R9"',
        'agency = "x"',
        "[codes]\nrating = 1",
    ):
        for format_ in ("delimited", "json", "fhir", "workbook", "zz"):
            yield f"{format_} {head[:40]}", _with('from = "a"', format_, head)


def paths() -> Files:
    for path in (
        "/" * 999,
        "*/" * 39 + "*",
        "*/" * 41 + "*",
        "a" + "[1]" * 8,
        "a" + "[1]" * 9,
        "a[" * 300,
        "a[0]",
        "a[99999999999999999999]",
        "a" * 1_001,
        "a['1' = '1' or '1'='1']",
        "//a",
        "../a",
        "a[b = 'x']",
        "document('http://127.0.0.1:9/')",
        "__import__('os')",
        "{http://127.0.0.1:9/}a",
        "@a/b",
        "\uff41",
        "\U0001f600",
    ):
        for format_ in ("json", "xml", "hl7v2"):
            quoted = path.replace("\\", "\\\\").replace('"', '\\"')
            yield f"{format_} {path[:30]} of {len(path)}", _with(f'from = "{quoted}"', format_)


def encoded() -> Files:
    text = small.text_of("delimited")
    for encoding in ("utf-16", "utf-32", "utf-8-sig", "latin-1"):
        yield encoding, text.replace("Last", "Läst").encode(encoding)
    for sign in (b"\0", b"\xff", b"\xed\xa0\x80", b"\x1b", b"\r", b"\x85", b"\xe2\x80\xa8"):
        yield f"the byte {sign!r}", text.encode().replace(b"riverbend", sign)


KINDS: Kinds = {
    "cut off": lambda: each(cut),
    "damaged": lambda: each(lambda good: damaged(good, TOKENS, 12)),
    "bombs": bombs,
    "values": values,
    "paths": paths,
    "encodings": encoded,
}

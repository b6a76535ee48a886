"""HL7 v2 that means harm."""

from __future__ import annotations

from pathlib import Path

from hostile.damage import Files, Kinds, cut, damaged

from adapters.hl7_record import records
from adapters.hl7_remarks import remarks
from adapters.hl7_text import Hl7File, split

GOOD = (Path(__file__).parents[1] / "adapters/data/oru-batch.hl7").read_bytes()
HEAD = b"MSH|^~\\&|A|B|C|D|20260304||ORU^R01|1|P|2.5.1\r"
TOKENS = (
    b"|",
    b"^",
    b"~",
    b"\\",
    b"&",
    b"\r",
    b"\n",
    b"MSH|",
    b"MSH",
    b"\\X0D\\",
    b"\\X0D\\PID|",
    b"\\.br\\",
    b"\\Z\\",
    b"\x0b",
    b"\x1c\r",
    b"\0",
    b"\xff",
    b"BTS|9\r",
    b"FHS|^~\\&\r",
)
PATHS = ('OBX[3.1 = "LDF_SLEEP"]-5', "PID-3.1", "OBX-5.2", "PID-5", "*-5")
SIGNS = b"|^~\\&#$%*!?;:,./+=<>@[]{}'\"`a1 \t\xc3\x00"
MB = 1_000_000


def read(content: bytes) -> None:
    file = split(content, "a.hl7")
    if not isinstance(file, Hl7File):
        assert file[0].reason
        return
    for by_order in (False, True):
        for record in records(file, by_order=by_order):
            for path in PATHS:
                record.fields(path)
    for record in records(file):
        sum(1 for _ in record.all())
    for message in file.messages:
        sum(1 for _ in remarks(message))


def redefined() -> Files:
    for first in SIGNS[::3]:
        for second in SIGNS[::4]:
            yield f"signs {first} {second}", GOOD.replace(b"|", bytes([first])).replace(b"^", bytes([second]))
    for signs in (b"", b"^", b"^^^^", b"^~\\", b"^~\\&#x", b"||||", b"MSHA", b"\r\r\r\r", b"^~\\ ", "^~\\é".encode()):
        yield f"MSH-2 {signs!r}", GOOD.replace(b"^~\\&", signs)
    yield "other signs in each message", GOOD.replace(b"MSH|^~\\&", b"MSH|*!?%", 1)
    yield "the second cut by the signs of the first", GOOD + GOOD.replace(b"|", b"#")


def escaped() -> Files:
    for escape in (
        b"\\X0D\\",
        b"\\X0D0A\\",
        b"\\.br\\",
        b"\\X0D\\PID\\F\\1",
        b"\\X0D4D53487C5E7E5C26\\",
        b"\\E\\X0D\\E\\",
        b"\\X0B\\",
        b"\\X1C0D\\",
        b"\\X00\\",
        b"\\X0\\",
        b"\\XZZ\\",
        b"\\XED A0 80\\",
        b"\\C2842\\",
        b"\\M2442\\",
        b"\\Z..\\",
        b"\\.in999999999\\",
        b"\\X" + b"41" * MB + b"\\",
        b"\rPID|1||forged",
        b"\rMSH|^~\\&|forged",
    ):
        for name in (b"Wren", b"CD-472", b"Comment", b"Holyoke", b"M0001"):
            yield f"escape {escape[:16]!r} of {len(escape)} for {name!r}", GOOD.replace(name, escape)


def numbers() -> Files:
    for number in (b"9" * 5_000, b"1e999", b"NaN", b"-0", b"99999999999"):
        yield f"value {number[:9]!r} of {len(number)}", GOOD.replace(b"||1||", b"||" + number + b"||")
        yield f"count {number[:9]!r} of {len(number)}", GOOD.replace(b"BTS|2", b"BTS|" + number)


def encoded() -> Files:
    for name in (b"UNICODE UTF-16", b"UTF-7", b"ISO IR87", b"8859/1", b"x" * 9_000, b"ASCII", b"~~~", b"GB 18030-2000"):
        yield f"MSH-18 {name[:20]!r}", GOOD.replace(b"UNICODE UTF-8", name)
    yield "UTF-16", GOOD.decode().encode("utf-16")
    for sign in (b"\0", b"\xff", b"\xed\xa0\x80", b"\x1b", b"\x0b\x0b", b"\x1c\r\x0b", b"\x85", b"\xe2\x80\xa8"):
        yield f"the byte {sign!r}", GOOD.replace(b"Holyoke", sign)


def large() -> Files:
    for mark in (
        b"|",
        b"^",
        b"~",
        b"&",
        b"\\",
        b"\\F",
        b"\\X41\\",
        b"\r",
        b"OBX|1\r",
        b"MSH|^~\\&\r",
        HEAD,
        b"\x0b",
        b"BHS|^~\\&\rBTS|1\r",
    ):
        yield f"only {mark[:12]!r}", HEAD + b"PID|1|" + mark * (9 * MB // len(mark))
    yield "ends within", HEAD + b"OBX|1|TX|Q||" + (b"^" * 99 + b"&" * 99 + b"~") * 40
    yield "many answers", HEAD + b"".join(b"OBX|%d|NM|Q%d||1\r" % (n, n) for n in range(10_000))
    yield "many orders", HEAD + b"OBR|1\rOBX|1|NM|Q||1\r" * 2_000
    yield "a long answer", HEAD + b"OBX|1|TX|Q||" + b"x" * (9 * MB)
    yield "a wide answer", HEAD + b"OBX|1|TX|Q||" + "\U0001f600".encode() * (2 * MB)


KINDS: Kinds = {
    "cut off": lambda: cut(GOOD),
    "damaged": lambda: damaged(GOOD, TOKENS, 150),
    "redefined delimiters": redefined,
    "injected segments": escaped,
    "huge numbers": numbers,
    "encodings": encoded,
    "too much": large,
}

"""Every way that we know of to write an address of the inside so that it does not look like one."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator

#: Of the inside, or of nobody: this host, private networks, clouds' metadata, carriers, benchmarks, multicast, reserved.
INSIDE_4 = (
    "127.0.0.1", "127.9.8.7", "0.0.0.0", "10.1.2.3", "172.16.0.9", "172.31.255.254", "192.168.1.1", "169.254.169.254",
    "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.0.9", "198.18.0.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255",
)  # fmt: skip
INSIDE_6 = (
    "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1", "100::1", "3fff::1",
    "5f00::1", "4000::1", "2001::1", "2001:20::1", "64:ff9b:1::a01:203",
)  # fmt: skip


def _parts(ip: str) -> list[int]:
    return [*ipaddress.IPv4Address(ip).packed]


def _hextets(ip: str) -> str:
    number = int(ipaddress.IPv4Address(ip))
    return f"{number >> 16:x}:{number & 0xFFFF:x}"


def _inverted(ip: str) -> str:
    return _hextets(str(ipaddress.IPv4Address(int(ipaddress.IPv4Address(ip)) ^ 0xFFFFFFFF)))


#: Numbers that a lenient resolver takes for an IPv4 address: what stands in the place of a host.
LENIENT: dict[str, Callable[[str], str]] = {
    "decimal": lambda ip: str(int(ipaddress.IPv4Address(ip))),
    "hexadecimal": lambda ip: hex(int(ipaddress.IPv4Address(ip))),
    "octal": lambda ip: f"0{int(ipaddress.IPv4Address(ip)):o}",
    "dotted hexadecimal": lambda ip: ".".join(hex(part) for part in _parts(ip)),
    "dotted octal": lambda ip: ".".join(f"0{part:o}" for part in _parts(ip)),
    "zeros before": lambda ip: ".".join(f"{part:04o}" for part in _parts(ip)),
    "mixed": lambda ip: f"{_parts(ip)[0]}.{hex(int(ipaddress.IPv4Address(ip)) & 0xFFFFFF)}",
    "three parts": lambda ip: "{}.{}.{}".format(*_parts(ip)[:2], int(ipaddress.IPv4Address(ip)) & 0xFFFF),
}
#: Further texts in the place of a host.
HOSTS: dict[str, Callable[[str], str]] = {
    "plain": lambda ip: ip,
    "mapped": lambda ip: f"[::ffff:{ip}]",
    "mapped, in hexadecimal": lambda ip: f"[::ffff:{_hextets(ip)}]",
    "mapped, at length": lambda ip: f"[0:0:0:0:0:FFFF:{_hextets(ip)}]",
    "compatible": lambda ip: f"[::{ip}]",
    "translated": lambda ip: f"[::ffff:0:{_hextets(ip)}]",
    "NAT64": lambda ip: f"[64:ff9b::{_hextets(ip)}]",
    "local NAT64": lambda ip: f"[64:ff9b:1::{_hextets(ip)}]",
    "6to4": lambda ip: f"[2002:{_hextets(ip)}::1]",
    "Teredo": lambda ip: f"[2001:0:4136:e378:8000:63bf:{_inverted(ip)}]",
    "ISATAP": lambda ip: f"[2600:1::5efe:{_hextets(ip)}]",
    "with a zone": lambda ip: f"[::ffff:{ip}%25lo]",
    "full-width": lambda ip: ip.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)}),
    "circled": lambda ip: ip.translate({ord(str(n)): chr(0x2460 + n - 1) if n else "\u24ea" for n in range(10)}),
    "another full stop": lambda ip: ip.replace(".", "\u3002"),
    "a trailing dot": lambda ip: f"{ip}.",
    "percent-encoded": lambda ip: "".join(f"%{ord(sign):02x}" for sign in ip),
    "behind a user": lambda ip: f"hooks.example.org@{ip}",
    "behind a user and a password": lambda ip: f"hooks.example.org:443@{ip}",
    "behind a backslash": lambda ip: f"{ip}\\@hooks.example.org",
    "behind a fragment": lambda ip: f"{ip}#@hooks.example.org",
    "behind a nul": lambda ip: f"{ip}%00.example.org",
    "with a blank": lambda ip: f" {ip}",
    "with a line": lambda ip: f"{ip}\r\nHost: hooks.example.org",
    "with a tab": lambda ip: f"hooks\t.example.org@{ip}",
}
#: Whole addresses that are none.
ADDRESSES = (
    "https://", "https:///etc/passwd", "//127.0.0.1/", "127.0.0.1", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x",
    "ftp://127.0.0.1/", "dict://127.0.0.1:11211/", "unix:///var/run/docker.sock", "http+unix://%2fvar%2frun%2fx/",
    "javascript:alert(1)", "data:text/plain,x", "ws://127.0.0.1/", "jar:https://127.0.0.1!/", "https:127.0.0.1",
    "https:/127.0.0.1", "https:\\\\127.0.0.1", "https://127.0.0.1:", "https://127.0.0.1:99999/", "https://127.0.0.1:-1/",
    "https://127.0.0.1:0/", "https://127.0.0.1:443@hooks.example.org:/", "https://[::1", "https://::1/", "https://[]/",
    "https://[127.0.0.1]/", "https://[::1]x/", "https://[::1]@hooks.example.org/", "https://[v1.x]/", "https://.../",
    "https://hooks..example.org/", "https://-hooks.example.org/", "https://hooks_.example.org/", "https://1/", "https://0/",
    "https://127.1/", "https://0x7f.1/", "https://example.127/", "https://example.0x7f/", "https://x@y@127.0.0.1/",
    "https://hooks.example.org:80:443/", "https://hooks.example.org#x", "https://hooks.example.org/#x", "https://a b/",
    "https://hooks.example.org/\r\nX: y", "https://hooks.example.org\u2044@127.0.0.1/", "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "https://xn--/@127.0.0.1/", "HTTPS://127.0.0.1/", "http://hooks.example.org/", "https://" + "a" * 3000 + ".org/",
)  # fmt: skip
#: Names, and where they lead.
NAMES: dict[str, tuple[str, ...]] = {
    "localhost": ("127.0.0.1", "::1"), "localhost.localdomain": ("127.0.0.1",), "anything.localhost": ("127.0.0.1",),
    "ip6-localhost": ("::1",), "metadata.google.internal": ("169.254.169.254",), "kubernetes.default.svc": ("10.96.0.1",),
    "a.nip.example": ("192.168.1.1",), "rebind.example": ("93.184.216.34", "127.0.0.1"),
    "both.example": ("2606:4700::1111", "::1"), "mapped.example": ("::ffff:10.0.0.1",), "link.example": ("fe80::1%eth0",),
    "none.example": (), "nonsense.example": ("not an address",), "many.example": ("93.184.216.34",) * 33,
}  # fmt: skip
#: Ports of the public internet where other things than endpoints listen.
PORTS = (
    1,
    21,
    22,
    23,
    25,
    53,
    80,
    110,
    143,
    389,
    445,
    587,
    993,
    2375,
    3306,
    5432,
    6379,
    8000,
    8080,
    9200,
    11211,
    27017,
)


def addresses() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each address with what its host resolves to, should anybody ask."""
    for ip in INSIDE_4:
        for form in (LENIENT | HOSTS).values():
            yield f"https://{form(ip)}/hook", (ip,)
        yield f"http://{ip}/hook", (ip,)
        yield "https://hooks.example.org/hook", (ip,)
        yield "https://hooks.example.org/hook", ("93.184.216.34", ip)
    for ip in INSIDE_6:
        yield f"https://[{ip}]/hook", (ip,)
        yield f"https://[{ip}%25lo]/hook", (ip,)
        yield "https://hooks.example.org/hook", (ip,)
        yield "https://hooks.example.org/hook", ("2606:4700::1111", ip)
    yield from ((text, ("127.0.0.1",)) for text in ADDRESSES)
    for name, found in NAMES.items():
        yield f"https://{name}/hook", found
        yield f"https://{name.upper()}./hook", found
    yield from ((f"https://hooks.example.org:{port}/hook", ("93.184.216.34",)) for port in PORTS)

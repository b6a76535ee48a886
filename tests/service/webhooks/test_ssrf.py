"""Nothing that somebody registers leads a message, or as much as a connection, to the inside."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest
from authority import Authority
from ssrf_forms import HOSTS, INSIDE_4, LENIENT, addresses
from webhook_receiver import nowhere, poster, receiving

from service.webhooks.networks import Networks, read_networks
from service.webhooks.posting import Answer, Fault, Names

FORMS = [*addresses()]
BODY = b'{"type":"webhook.test"}'


def test_there_are_many_forms():
    """The corpus is not thinned out unseen."""
    assert len({*FORMS}) >= 500


async def test_no_form_leads_anywhere(watch):
    """Whatever the address looks like and its name resolves to: not one connection is tried, and the answer says why."""
    wrong = []
    for text, found in FORMS:

        async def resolve(host: str, port: int, found: tuple[str, ...] = found) -> tuple[str, ...]:
            del host, port
            return found

        answer = await poster(resolve=resolve).post(text, BODY, {})
        if answer != Answer(fault=Fault.NOT_ADMITTED):
            wrong.append((text, found, answer))
    assert (wrong, watch.connects) == ([], [])


async def test_the_count_counts(watch, receiver):
    """Where the operator lists the network, the same message arrives over one connection: the zero above means something."""
    answer = await poster("127.0.0.0/8").post(receiver.address, BODY, {})
    assert (answer, len(receiver.got)) == (Answer(status=204), 1)
    assert watch.connects == [("127.0.0.1", receiver.port)]


@pytest.mark.parametrize("form", [*LENIENT])
async def test_what_a_lenient_resolver_makes_of_numbers_is_not_admitted(form):
    """Even past the reading of the address: what the host's own resolver takes such a number for is no place to go."""
    names = Names()
    for ip in INSIDE_4:
        try:
            found = await names(LENIENT[form](ip), 443)
        except OSError:
            continue
        assert not any(map(Networks().admit, found)), (ip, found)
    names.close()


@pytest.mark.parametrize("form", [*HOSTS])
async def test_listed_networks_open_no_other(form, watch):
    """An operator who lists one network opens that one, whatever form the others are given in."""
    for ip in INSIDE_4:
        if ip != "10.1.2.3":
            answer = await poster("10.1.0.0/16").post(f"https://{HOSTS[form](ip)}/hook", BODY, {})
            assert answer.fault is Fault.NOT_ADMITTED, ip
    assert watch.connects == []


@pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2"])
async def test_a_name_is_asked_for_once(watch):
    """Rebinding: a name that leads elsewhere at the second question leads nowhere else, for there is no second question."""
    asked = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.2" if len(asked) == 1 else "127.0.0.1"]

    async with receiving("127.0.0.2") as meant, receiving("127.0.0.1", meant.port) as inside:
        url = f"http://hooks.example.test:{meant.port}/hook"
        answer = await poster("127.0.0.2/32", resolve=rebinding).post(url, BODY, {})
        assert (answer.status, len(meant.got), inside.got) == (204, 1, [])
        assert watch.connects == [("127.0.0.2", meant.port)]
    assert asked == [("hooks.example.test", meant.port)]
    assert "hooks.example.test" not in watch.names
    assert meant.got[0][0]["Host"] == f"hooks.example.test:{meant.port}"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
async def test_a_redirect_is_a_failure(status, receiver):
    """Wherever it points to, nothing follows it."""
    async with receiving() as inside:
        receiver.answers, receiver.headers = [status], {"Location": inside.address}
        answer = await poster("127.0.0.0/8").post(receiver.address, BODY, {})
        assert (answer.status, answer.delivered, inside.got) == (status, False, [])


@pytest.mark.allow_hosts(["127.0.0.1", "::1", "::ffff:7f00:1"])
@pytest.mark.parametrize("host", ["[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]"])
async def test_an_address_as_a_host_is_connected_to_as_it_is(host):
    """However it is spelt: what the operator lists is reached, by that address and none other."""
    async with receiving("127.0.0.1" if "127" in host else "::1") as listed:
        answer = await poster("127.0.0.1", "::1").post(f"http://{host}:{listed.port}/hook", BODY, {})
    assert (answer, len(listed.got)) == (Answer(status=204), 1)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"])
async def test_a_proxy_of_the_environment_is_not_asked(variable, receiver, monkeypatch):
    """What stands in the environment leads no message astray."""
    async with receiving() as proxy:
        monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        answer = await poster("127.0.0.0/8").post(receiver.address, BODY, {})
        assert (answer.status, len(receiver.got), proxy.got) == (204, 1, [])


async def test_plain_http_stays_on_this_machine(watch):
    """An operator's own network is reached by https; in the clear nothing leaves the host."""
    for host in ("10.1.2.3", "hooks.example.org"):

        async def resolve(name: str, port: int) -> list[str]:
            del name, port
            return ["10.1.2.3"]

        answer = await poster("10.0.0.0/8", resolve=resolve).post(f"http://{host}/hook", BODY, {})
        assert answer.fault is Fault.NOT_ADMITTED
    assert watch.connects == []


async def test_an_endless_answer_costs_nothing(receiver):
    """A body without end, that would unpack to a thousand times its size, is left where it is."""
    receiver.endless = True
    answer = await asyncio.wait_for(poster("127.0.0.0/8", total=5).post(receiver.address, BODY, {}), 10)
    assert answer == Answer(status=200)


async def test_who_never_answers_is_left(receiver):
    """All of it together has one time limit."""
    receiver.delay = 60
    answer = await asyncio.wait_for(poster("127.0.0.0/8", total=0.3).post(receiver.address, BODY, {}), 10)
    assert answer.fault is Fault.TIMED_OUT


async def test_a_resolver_that_hangs_is_left():
    """The same limit holds for the name."""

    async def hanging(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return [host, str(port)]

    answer = await poster(resolve=hanging, total=0.3).post("https://hooks.example.org/", BODY, {})
    assert answer.fault is Fault.TIMED_OUT


async def test_what_is_not_there_is_told_apart():
    """A name without an address, a port without a listener."""

    async def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, f"{host} {port}")

    assert (await poster(resolve=unknown).post("https://hooks.example.org/", BODY, {})).fault is Fault.NOT_RESOLVED
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        assert (await poster("127.0.0.1").post(url, BODY, {})).fault is Fault.NOT_CONNECTED


async def test_a_certificate_is_for_the_name(tmp_path):
    """The name goes into SNI and Host, the address only into the connection; a certificate for another name ends it."""
    authority, seen = Authority(), []
    trusting = ssl.create_default_context(cadata=authority.pem.decode())
    tls = authority.server(tmp_path, "hooks.example.test")
    tls.sni_callback = lambda _, name, __: seen.append(name)

    async def resolve(host: str, port: int) -> list[str]:
        del host, port
        return ["127.0.0.1"]

    async with receiving(tls=tls) as secure:
        sender = poster("127.0.0.1", resolve=resolve, tls=trusting)
        right = await sender.post(f"https://hooks.example.test:{secure.port}/hook", BODY, {})
        wrong = await sender.post(f"https://other.example.test:{secure.port}/hook", BODY, {})
        stranger = await poster("127.0.0.1", resolve=resolve).post(
            f"https://hooks.example.test:{secure.port}/", BODY, {}
        )
    assert (right.status, wrong.fault, stranger.fault, len(secure.got)) == (204, Fault.TLS, Fault.TLS, 1)
    assert seen == ["hooks.example.test", "other.example.test", "hooks.example.test"]


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822", "::ffff:93.184.216.34"])
def test_the_public_internet_is_open(address):
    """What is nobody's inside may be reached, through NAT64 too."""
    assert read_networks(()).admit(address)


async def test_nobody_is_asked_for_an_address():
    """An IP address needs no name server."""
    with pytest.raises(AssertionError):
        await nowhere("93.184.216.34", 443)
    assert (await poster().post("https://[::1]/hook", BODY, {})).fault is Fault.NOT_ADMITTED

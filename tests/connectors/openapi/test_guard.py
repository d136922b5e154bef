"""Which addresses a connector may reach, in every spelling an attacker might choose."""

import pytest

from proofdesk.connectors.guard import AddressGuard, AddressRefused, literal, resolve
from proofdesk.connectors.http import HttpKit
from proofdesk.ports import ConnectorError
from tests.connectors.running import http, scripted

PRIVATE = [
    "127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "2002:7f00:1::", "fe80::1%eth0",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_outside_the_public_internet_are_refused(address: str) -> None:
    assert not AddressGuard().permits("shop.example", address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111"])
def test_public_addresses_are_permitted(address: str) -> None:
    assert AddressGuard().permits("shop.example", address)


def test_a_listed_name_may_be_private_but_not_link_local() -> None:
    guard = AddressGuard(["erp.internal"])
    assert guard.permits("ERP.internal.", "10.1.2.3")
    assert not guard.permits("other.internal", "10.1.2.3")
    assert not guard.permits("erp.internal", "169.254.169.254")


def test_a_listed_network_permits_what_lies_in_it() -> None:
    guard = AddressGuard(["10.2.0.0/16", "169.254.169.254"])
    assert guard.permits("a", "10.2.200.1")
    assert not guard.permits("a", "10.3.0.1")
    assert guard.permits("a", "169.254.169.254")


def test_one_private_address_among_public_ones_refuses_all() -> None:
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1.*allow_hosts"):
        AddressGuard().choose("shop.example", ["93.184.216.34", "10.0.0.1"])


@pytest.mark.parametrize("entry", ["http://x", "*.example", "a b", "user@host"])
def test_entries_that_are_no_hosts_are_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="neither a host name"):
        AddressGuard([entry])


async def test_names_and_odd_spellings_are_judged_by_where_they_lead() -> None:
    assert literal("[::1]") == "::1"
    for host in ("localhost", "127.1", "0x7f000001", "2130706433"):
        with pytest.raises((AddressRefused, OSError)):
            await resolve(AddressGuard(), host, 80)
    assert "127.0.0.1" in await resolve(AddressGuard(["localhost", "::1"]), "localhost", 80)


async def test_a_call_to_loopback_is_refused_before_anything_is_sent() -> None:
    async with scripted(http(200)) as server:
        kit = HttpKit(name="shop", base_url=f"http://127.0.0.1:{server.port}")
        with pytest.raises(ConnectorError, match="not a public address") as raised:
            await kit.send("GET", "/", headers={}, body=None, writes=False, repeatable=True)
        await kit.aclose()
    assert raised.value.permanent
    assert server.requests == []

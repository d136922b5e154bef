"""Which addresses a connector may talk to (server-side request forgery guard).

The name is resolved once, every address is judged, and the connection goes to the judged address itself, so a
second resolution cannot change it. TLS still checks the certificate against the name.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore

MAX_ADDRESSES = 8
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(Exception):
    """The target is not one this connector may connect to."""


class AddressGuard:
    """`allow_hosts`: names, addresses or networks that may lie outside the public Internet.

    A listed name may resolve to private and loopback addresses; link-local ones (cloud metadata), multicast and
    unspecified addresses must be listed themselves.
    """

    def __init__(self, allow_hosts: Iterable[str] = ()) -> None:
        self._names: set[str] = set()
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for entry in allow_hosts:
            try:
                self._networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                if not entry or any(char in entry for char in "/:@?# *"):
                    raise ValueError(f"{entry!r} is neither a host name, an address nor a network") from None
                self._names.add(entry.lower().rstrip("."))

    def permits(self, host: str, address: str) -> bool:
        ip: Address = ipaddress.ip_address(address.split("%", 1)[0])
        if any(ip in network for network in self._networks if network.version == ip.version):
            return True
        inner = _embedded(ip)
        if inner is not None:
            return self.permits(host, str(inner))
        if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
            return False
        return ip.is_global or host.lower().rstrip(".") in self._names

    def choose(self, host: str, addresses: Sequence[str]) -> list[str]:
        """The permitted ones of `addresses`. Raises AddressRefused when one is not: a mixed answer is a trick."""
        if not addresses:
            raise AddressRefused(f"{host} has no address")
        for address in addresses:
            if not self.permits(host, address):
                raise AddressRefused(
                    f"{host} is at {address}, which is not a public address; list it under allow_hosts to permit it"
                )
        return list(addresses[:MAX_ADDRESSES])


def _embedded(ip: Address) -> ipaddress.IPv4Address | None:
    if not isinstance(ip, ipaddress.IPv6Address):
        return None
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


def literal(host: str) -> str | None:
    """`host` when it is an address already, in its one canonical form."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None


async def resolve(guard: AddressGuard, host: str, port: int) -> list[str]:
    """The judged addresses of `host`. Raises AddressRefused or OSError."""
    if (fixed := literal(host)) is not None:
        return guard.choose(host, [fixed])
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return guard.choose(host, list(dict.fromkeys(str(entry[4][0]) for entry in found)))


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """httpcore's way to open connections, through the guard."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await resolve(self._guard, host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved: {error.strerror}") from error
        failed: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout=timeout, local_address=local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        raise AddressRefused(f"connections to the local socket {path} are not allowed")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

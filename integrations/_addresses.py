"""Which addresses of the network a step may reach.

Refused are the ranges of the IANA special-purpose registries (RFC 6890), also inside IPv6 addresses that carry an IPv4
one, and the addresses where clouds tell a machine its secrets. Whoever connects goes to an address that was `checked`,
and not to the name: a name that says something else the second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection

from orchestrator.actions import ServiceError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]
"""`(host, port) -> addresses`, raises `OSError`."""

CLOSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's metadata, in a public range
        "192.0.0.0/24",  # IETF protocols, and Oracle's metadata
        "192.88.99.0/24",  # 6to4 relays
        "64:ff9b:1::/48",  # translation inside one network
        "fec0::/10",  # what site-local addresses were
    )
)
NAT64 = ipaddress.ip_network("64:ff9b::/96")


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system finds them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an address belongs to the open internet."""
    known = _carried(ipaddress.ip_address(address))
    inside = any(known in network for network in CLOSED if network.version == known.version)
    return known.is_global and not known.is_multicast and not known.is_reserved and not inside


def hosts(text: str) -> frozenset[str]:
    """The hosts that a list names, as "nas.local, 10.0.0.5:8080"."""
    return frozenset(text.lower().replace(",", " ").split())


def checked(host: str, port: int, allowed: Collection[str] = (), resolve: Resolve = resolve) -> list[str]:
    """The addresses of a host. Raises `ServiceError` if one of them is not public and is not `allowed` ("*", or the
    host or the address with or without the port), and `OSError` if there is none."""
    addresses = resolve(host, port)
    if not addresses:
        raise OSError(f"{host} has no address")
    for address in addresses:
        forms = [form for name in (host, address) for form in _forms(name)]
        names = {"*", *forms, *(f"{form}:{port}" for form in forms)}
        if not is_public(address) and names.isdisjoint(allowed):
            raise ServiceError(
                f"{host} is an address inside this network or this machine, and workflows may not reach those.",
                remedy=f"Use a public address, or ask whoever runs Patchbay to allow {host}:{port}"
                " (PATCHBAY_HTTP_ALLOW_PRIVATE, for git PATCHBAY_GIT_ALLOW_PRIVATE).",
            )
    return addresses


def _forms(name: str) -> tuple[str, ...]:
    return (name.lower(), f"[{name.lower()}]") if ":" in name else (name.lower(),)


def _carried(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)

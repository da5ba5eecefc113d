"""The guard at the door: which addresses are connected to, and how much and how long a server may answer."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from http.client import HTTPResponse
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from tag2vec.errors import Refused

_GLOBAL_V6 = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")
_CHUNK = 64 * 1024


class OverLimit(Exception):
    """An answer is longer, or takes longer, than the limits: the message goes on after its address."""


@dataclass(frozen=True)
class Limits:
    """Of one answer: bytes of its unpacked body, seconds until its end, to connect, and between two pieces of it.

    `advice` is what a user can do about an answer that is longer or takes longer: it ends the message.
    """

    max_bytes: int = 20 * 1024 * 1024
    max_seconds: float = 60.0
    connect: float = 10.0
    read: float = 30.0
    advice: str = ""


class Guard(HTTPAdapter):
    """Sends requests to public addresses only, and to the hosts that the user allowed (`host` or `host:port`)."""

    def __init__(self, limits: Limits, allow_hosts: Collection[str]) -> None:
        self.limits = limits
        self._allowed = {host.lower() for host in allow_hosts}
        super().__init__(pool_connections=32, pool_maxsize=16)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        """The pools of requests, with connections that ask the guard."""
        self.poolmanager = _Pools(self, num_pools=connections, maxsize=maxsize, block=block, **kwargs)

    def fetch(self, request: requests.PreparedRequest) -> tuple[requests.Response, bytes]:
        """The answer to `request`, no redirect followed, and its whole body.

        Raises Refused before it connects to a private address, OverLimit, and what requests and urllib3
        raise when the connection fails.
        """
        answer = self.send(request, stream=True, timeout=(self.limits.connect, self.limits.read))
        try:
            body = bytearray()
            while piece := answer.raw.read1(_CHUNK, decode_content=True):
                body += piece
                if len(body) > self.limits.max_bytes:
                    raise OverLimit(f"sent more than {self.limits.max_bytes / 2**20:g} MiB, the most that is read")
            return answer, bytes(body)
        finally:
            answer.close()

    def addresses(self, host: str, port: int) -> list[str]:
        """The IP addresses of `host`. Raises Refused unless all are public or the user allowed the host."""
        bare = host.strip("[]")
        found = [str(info[4][0]) for info in socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM)]
        if not self.allows(host, port):
            for address in found:
                if not is_public(address):
                    raise Refused(
                        f"{host}:{port} is at {address}, which is no public address: not asked. "
                        f"If it is a server of your own: --allow {host}:{port}."
                    )
        return list(dict.fromkeys(found))

    def allows(self, host: str, port: int) -> bool:
        """Whether the user allowed this host to be a private one."""
        bare = host.strip("[]")
        return not self._allowed.isdisjoint({host, bare, f"{host}:{port}", f"[{bare}]:{port}"})


def is_public(address: str) -> bool:
    """Is this IP address one of the public internet's? IPv6 addresses that stand for an IPv4 one are judged by it."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None)
        if inner is None:
            return ip.is_global and ip in _GLOBAL_V6
        ip = inner
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


class _Pools(PoolManager):
    def __init__(self, guard: Guard, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._guard = guard

    def _new_pool(self, scheme: str, *where: Any, **how: Any) -> HTTPConnectionPool:
        pool = super()._new_pool(scheme, *where, **how)
        pool.ConnectionCls = partial(_Https if scheme == "https" else _Http, guard=self._guard)  # type: ignore[assignment]
        return pool


class _Http(HTTPConnection):
    def __init__(self, *args: Any, guard: Guard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._guard = guard
        self.response_class = partial(_Response, limits=guard.limits)  # type: ignore[assignment]

    def _new_conn(self) -> socket.socket:
        """Connects to the very addresses that were checked: the name is not looked up again."""
        try:
            addresses = self._guard.addresses(self._dns_host, self.port or self.default_port)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        seconds = self._guard.limits.connect / len(addresses)
        for left, address in enumerate(addresses, 1 - len(addresses)):
            try:
                return create_connection((address, self.port), seconds, socket_options=self.socket_options)
            except TimeoutError as error:
                if not left:
                    raise ConnectTimeoutError(self, "no connection within the time limit") from error
            except OSError as error:
                if not left:
                    raise NewConnectionError(self, error.strerror or str(error)) from error
        raise NewConnectionError(self, "the name has no address")


class _Https(_Http, HTTPSConnection):
    """TLS checks the certificate against the name, as ever; only `_new_conn` differs."""


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, limits: Limits, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Clocked(self.fp.detach(), sock, limits))


class _Clocked(io.RawIOBase):
    """What a socket receives until the time of an answer is up: a server that sends drop by drop is left."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, limits: Limits) -> None:
        self._raw = raw
        self._socket = sock
        self._limits = limits
        self._end = time.monotonic() + limits.max_seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left > 0:
            self._socket.settimeout(min(left, self._limits.read))
            try:
                return self._raw.readinto(buffer)
            except TimeoutError:
                if left > self._limits.read:
                    raise
        raise OverLimit(f"took over {self._limits.max_seconds:g} s to answer, the longest that is waited")

    def close(self) -> None:
        self._raw.close()
        super().close()

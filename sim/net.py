"""Ports and addresses of anyio's sockets."""

from __future__ import annotations

import socket

import anyio.abc
from anyio import TypedAttributeProvider

HOST = "127.0.0.1"  # a simulator is for this machine only
_Socket = anyio.abc.SocketAttribute


def local_port(provider: TypedAttributeProvider) -> int:
    """The port that the system chose."""
    return int(provider.extra(_Socket.local_port))  # noqa: S610  # anyio's `extra`, not Django's


def peer_host(connection: anyio.abc.SocketStream) -> str:
    """Who is at the other end."""
    return str(connection.extra(_Socket.remote_address)[0])  # noqa: S610


def limit_send_buffer(connection: anyio.abc.SocketStream, size_bytes: int) -> None:
    """Bound what the kernel holds for a client that reads slowly."""
    raw = connection.extra(_Socket.raw_socket)  # noqa: S610
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size_bytes)

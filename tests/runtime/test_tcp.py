"""Connections that are reset by their endpoints."""

import socket

from pixmill.runtime.tcp import Endpoints, reset_connections


def test_only_connections_between_these_endpoints_are_reset_whatever_other_sockets_there_are() -> None:
    """The sockets of workers are of another family, and have lower descriptors."""
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(2)]
        accepted = [listener.accept()[0] for _ in clients]
        with clients[0] as reset, clients[1] as kept, accepted[0], accepted[1]:
            endpoints = Endpoints.of(str(port), "::ffff:127.0.0.1", reset.getsockname()[1])
            assert reset_connections({endpoints}) == 1
            assert reset.recv(1) == b""
            accepted[1].sendall(b"kept")
            assert kept.recv(4) == b"kept"
            ours.sendall(b"as before")
            assert theirs.recv(9) == b"as before"

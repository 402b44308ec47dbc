"""Open connections, as the kernel tells them."""

from __future__ import annotations

import socket

from chaosmesh.runtime.toxiproxy.peers import peers


def test_a_client_is_seen_until_it_closes_its_own_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        assert peers([address]) == frozenset()
        client = socket.create_connection(address)
        accepted, _ = server.accept()
        seen = peers([address])
        assert len(seen) == 1
        assert peers([("127.0.0.2", address[1])]) == frozenset()
        with socket.create_connection(address):
            assert len(peers([address]) - seen) == 1
        accepted.close()
        assert peers([address]) >= seen, "the other end is closed, this one is not"
        client.close()
        assert not peers([address]) & seen
        assert peers([]) == frozenset()

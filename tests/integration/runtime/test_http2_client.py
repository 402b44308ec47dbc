"""The client of stand-ins against servers that leave, limit and break off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.settings import SettingCodes
from hyperframe.frame import GoAwayFrame

from chaosmesh.services.http2_client import Http2Client

pytestmark = pytest.mark.integration
HEADERS = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/")]
OK = [(":status", "200")]


class Server:
    """Does what `act(server connection, stream)` says at each request."""

    def __init__(self, act: Callable[[One, int], None], streams: int) -> None:
        self.act, self.streams = act, streams
        self.connections: list[One] = []
        self.answered = False
        self.reset = asyncio.Event()


class One(asyncio.Protocol):
    def __init__(self, server: Server) -> None:
        self.server = server
        self.state = H2Connection(H2Configuration(client_side=False))
        self.asked: list[int] = []
        self.greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.connections.append(self)
        self.state.initiate_connection()
        self.state.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: self.server.streams})
        asyncio.get_running_loop().call_later(0.05, self.greet)

    def greet(self) -> None:
        """Late, as from far away."""
        self.greeted = True
        self.flush()

    def data_received(self, data: bytes) -> None:
        for event in self.state.receive_data(data):
            if isinstance(event, events.StreamEnded):
                self.asked.append(event.stream_id)
                self.server.act(self, event.stream_id)
            elif isinstance(event, events.StreamReset):
                self.server.reset.set()
        self.flush()

    def flush(self) -> None:
        if self.greeted:
            self.transport.write(self.state.data_to_send())

    def answer(self, stream: int) -> None:
        self.state.send_headers(stream, OK, end_stream=True)
        self.flush()

    def leave(self, last_stream: int) -> None:
        self.flush()
        self.transport.write(GoAwayFrame(0, last_stream_id=last_stream).serialize())


@asynccontextmanager
async def serving(
    act: Callable[[One, int], None], streams: int = 100
) -> AsyncIterator[tuple[Server, Http2Client]]:
    made = Server(act, streams)
    listener = await asyncio.get_running_loop().create_server(lambda: One(made), "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield made, Http2Client("127.0.0.1", port)
        for one in made.connections:
            one.transport.close()


def run(act: Callable[[One, int], None], requests: int, streams: int = 100) -> tuple[Server, list[int | str]]:
    async def body() -> tuple[Server, list[int | str]]:
        async with serving(act, streams) as (server, client):
            first = await outcome(client)
            return server, [first, *await asyncio.gather(*(outcome(client) for _ in range(requests - 1)))]

    return asyncio.run(asyncio.wait_for(body(), 60))


async def outcome(client: Http2Client) -> int | str:
    try:
        return (await client.request(HEADERS)).status
    except ConnectionError as error:
        return str(error)


@pytest.mark.parametrize("notice", [1, 2**31 - 1])
def test_a_leaving_server_still_answers_and_gets_no_more_on_that_connection(notice: int) -> None:
    def act(one: One, stream: int) -> None:
        if one is one.server.connections[0]:
            one.leave(notice)
            asyncio.get_running_loop().call_soon(one.answer, stream)
        else:
            one.answer(stream)

    server, seen = run(act, 3)
    assert seen == [200] * 3
    assert [one.asked for one in server.connections] == [[1], [1, 3]]


def test_what_a_leaving_server_did_not_take_is_sent_again() -> None:
    def act(one: One, stream: int) -> None:
        if one is one.server.connections[0]:
            one.leave(0)
        else:
            one.answer(stream)

    server, seen = run(act, 1)
    assert seen == [200]
    assert len(server.connections) == 2


def test_a_server_that_always_leaves_is_an_error_in_the_end() -> None:
    server, (seen,) = run(lambda one, _: one.leave(0), 1)
    assert "took no more requests" in str(seen)
    assert len(server.connections) == 3


def test_beyond_the_limit_of_streams_there_is_another_connection() -> None:
    waiting: list[tuple[One, int]] = []

    def act(one: One, stream: int) -> None:
        if not one.server.answered:
            one.server.answered = True
            one.answer(stream)
            return
        waiting.append((one, stream))
        if len(waiting) == 6:
            for asked, number in waiting:
                asked.answer(number)

    server, seen = run(act, 7, streams=2)
    assert seen == [200] * 7
    assert [len(one.asked) for one in server.connections] == [3, 2, 2]


def test_a_server_that_closes_at_once_is_an_error() -> None:
    async def body() -> None:
        listener = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        async with listener:
            client = Http2Client("127.0.0.1", listener.sockets[0].getsockname()[1])
            assert "closed without an answer" in str(await outcome(client))

    asyncio.run(asyncio.wait_for(body(), 60))


def test_what_breaks_off_is_an_error_and_the_next_request_connects_again() -> None:
    def act(one: One, stream: int) -> None:
        if one is not one.server.connections[0]:
            one.answer(stream)
        elif len(one.asked) == 1:
            one.state.reset_stream(stream, 2)
        else:
            one.transport.write(b"\0\0\1\4\0\0\0\0\0x")  # a frame of settings can't have this length

    async def body() -> None:
        async with serving(act) as (server, client):
            assert "reset: INTERNAL_ERROR" in str(await outcome(client))
            assert "closed without an answer" in str(await outcome(client))
            assert await outcome(client) == 200
            assert len(server.connections) == 2

    asyncio.run(asyncio.wait_for(body(), 60))


def test_a_request_that_is_given_up_is_taken_back_alone() -> None:
    async def body() -> None:
        came = asyncio.Event()

        def act(one: One, stream: int) -> None:
            if stream > 1:
                one.answer(stream)
            else:
                came.set()

        async with serving(act) as (server, client):
            asked = asyncio.create_task(client.request(HEADERS))
            await asyncio.wait_for(came.wait(), 30)
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            await asyncio.wait_for(server.reset.wait(), 30)
            assert await outcome(client) == 200
            assert len(server.connections) == 1

    asyncio.run(asyncio.wait_for(body(), 60))


def test_nobody_there_is_an_error() -> None:
    async def body() -> None:
        async with serving(lambda one, stream: one.answer(stream)) as (_, client):
            pass
        assert "Connect call failed" in str(await outcome(client))

    asyncio.run(asyncio.wait_for(body(), 60))

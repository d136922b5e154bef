"""The HTTP kit against a scripted server: what is repeated, what is uncertain, what is refused."""

import pytest

from proofdesk.connectors.http import BREAKER_FAILURES, BREAKER_OPEN_S, HttpAnswer, HttpKit, Limits
from proofdesk.ports import ConnectorError
from tests.connectors.running import Hands, Scripted, http, scripted


def kit_for(server: Scripted, hands: Hands, **limits: float) -> HttpKit:
    return HttpKit(
        name="shop",
        base_url=f"http://127.0.0.1:{server.port}/api",
        allow_hosts=["127.0.0.1"],
        limits=Limits(**limits),  # type: ignore[arg-type]
        clock=hands.clock(),
    )


async def send(kit: HttpKit, *, writes: bool = False, repeatable: bool = True) -> HttpAnswer:
    try:
        return await kit.send(
            "POST" if writes else "GET", "/x", headers={"k": "1"}, body=b"{}", writes=writes, repeatable=repeatable
        )
    finally:
        await kit.aclose()


async def test_an_answer_comes_back_whole() -> None:
    async with scripted(http(200, b'{"a":1}', 'ETag: "7"')) as server:
        answer = await send(kit_for(server, Hands()))
    assert (answer.status, answer.body, answer.headers["etag"]) == (200, b'{"a":1}', '"7"')
    assert server.requests[0].startswith(b"GET /api/x HTTP/1.1\r\n")


async def test_retry_after_is_honoured_for_reads() -> None:
    hands = Hands()
    async with scripted(http(429, b"{}", "Retry-After: 2"), http(503, b"{}", "Retry-After: 1"), http(200)) as server:
        answer = await send(kit_for(server, hands))
    assert answer.status == 200
    assert hands.waits == [2.0, 1.0]


async def test_a_wait_longer_than_the_bound_is_given_back_to_the_caller() -> None:
    hands = Hands()
    async with scripted(http(429, b"{}", "Retry-After: 3600")) as server:
        with pytest.raises(ConnectorError) as raised:
            await send(kit_for(server, hands))
    assert (raised.value.permanent, raised.value.uncertain, raised.value.retry_after_s) == (False, False, 3600.0)
    assert hands.waits == []


async def test_a_write_without_a_key_is_tried_once_and_is_uncertain_after_a_server_error() -> None:
    async with scripted(http(500), http(200)) as server:
        with pytest.raises(ConnectorError) as raised:
            await send(kit_for(server, Hands()), writes=True, repeatable=False)
    assert raised.value.uncertain
    assert len(server.requests) == 1


async def test_a_write_turned_away_by_the_rate_limit_is_not_uncertain() -> None:
    async with scripted(http(429)) as server:
        with pytest.raises(ConnectorError) as raised:
            await send(kit_for(server, Hands()), writes=True, repeatable=False)
    assert not raised.value.uncertain
    assert not raised.value.permanent


async def test_a_write_with_a_key_is_repeated_and_stays_uncertain_when_an_attempt_may_have_worked() -> None:
    async with scripted(http(500), http(429), http(429)) as server:
        with pytest.raises(ConnectorError) as raised:
            await send(kit_for(server, Hands()), writes=True, repeatable=True)
    assert raised.value.uncertain
    assert len(server.requests) == 3
    assert len(set(server.requests)) == 1


@pytest.mark.parametrize("writes", [True, False])
async def test_a_lost_connection_is_uncertain_for_writes_only(writes: bool) -> None:
    async with scripted(None) as server:
        with pytest.raises(ConnectorError, match="connection lost") as raised:
            await send(kit_for(server, Hands(), retries=0), writes=writes)
    assert raised.value.uncertain is writes


async def test_no_answer_in_time_is_uncertain_for_a_write() -> None:
    async with scripted(b"hang") as server:
        with pytest.raises(ConnectorError, match=r"no answer within 0\.05 s") as raised:
            await send(kit_for(server, Hands(), retries=0, timeout_s=0.05), writes=True)
    assert raised.value.uncertain


async def test_a_cut_answer_of_a_read_is_read_again() -> None:
    cut = b"HTTP/1.1 200 X\r\ncontent-length: 10\r\nconnection: close\r\n\r\n{"
    async with scripted(cut, None, http(200, b'{"a":2}')) as server:
        answer = await send(kit_for(server, Hands()))
    assert answer.body == b'{"a":2}'


async def test_no_connection_is_never_uncertain() -> None:
    async with scripted() as server:
        port = server.port
    kit = HttpKit(name="shop", base_url=f"http://127.0.0.1:{port}", allow_hosts=["127.0.0.1"], clock=Hands().clock())
    with pytest.raises(ConnectorError, match="no connection") as raised:
        await send(kit, writes=True, repeatable=True)
    assert not raised.value.uncertain


async def test_large_and_compressed_answers_and_redirects_are_not_taken() -> None:
    async with scripted(http(200, b"x" * 101)) as server:
        with pytest.raises(ConnectorError, match="larger than 100 bytes") as raised:
            await send(kit_for(server, Hands(), max_answer_bytes=100))
    assert raised.value.permanent
    async with scripted(http(200, b"x", "Content-Encoding: gzip")) as server:
        with pytest.raises(ConnectorError, match="compressed"):
            await send(kit_for(server, Hands()))
    async with scripted(http(302, b"", "Location: http://127.0.0.1:1/")) as server:
        answer = await send(kit_for(server, Hands()))
    assert answer.status == 302
    assert len(server.requests) == 1


async def test_after_many_failures_calls_stop_and_start_again() -> None:
    hands = Hands()
    async with scripted(*[http(500)] * BREAKER_FAILURES, http(200)) as server:
        kit = kit_for(server, hands, retries=0)
        for _ in range(BREAKER_FAILURES):
            with pytest.raises(ConnectorError, match="answered 500"):
                await kit.send("GET", "/x", headers={}, body=None, writes=False, repeatable=True)
        with pytest.raises(ConnectorError, match="not tried") as raised:
            await kit.send("POST", "/x", headers={}, body=None, writes=True, repeatable=True)
        assert not raised.value.uncertain
        assert len(server.requests) == BREAKER_FAILURES
        hands.at += BREAKER_OPEN_S
        answer = await send(kit)
    assert answer.status == 200


async def test_calls_wait_for_their_turn_and_give_up_when_it_is_too_far() -> None:
    hands = Hands()
    async with scripted(*[http(200)] * 5) as server:
        kit = kit_for(server, hands, per_second=2, timeout_s=1)
        for _ in range(3):
            await kit.send("GET", "/x", headers={}, body=None, writes=False, repeatable=True)
        assert hands.waits == [0.5]
        slow = kit_for(server, hands, per_second=0.5, timeout_s=1)
        await slow.send("GET", "/x", headers={}, body=None, writes=False, repeatable=True)
        with pytest.raises(ConnectorError, match="calls a second"):
            await slow.send("GET", "/x", headers={}, body=None, writes=False, repeatable=False)
        await kit.aclose()
        await slow.aclose()

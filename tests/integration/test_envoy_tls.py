"""TLS between real sidecars: who gets in, whose certificate is believed, and that a new one is taken at once."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace

import pytest
from aiohttp import ClientError

from chaosmesh.envoy import Secret, translate
from chaosmesh.errors import RejectedError
from chaosmesh.mesh import ClientTls, HealthCheck, Identity, ServerTls, Trust
from tests.certificates import Authority, client_context, supplied
from tests.integration.live import live
from tests.meshes import mesh, route, service, topology, workload

pytestmark = pytest.mark.integration
ISSUED = Identity("issued", "arn:cert/blue")
FILE = Identity("file", "/keys/blue.pem", "/keys/blue.key")
OURS = Trust("file", ("/keys/ca.pem",))


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 200))


def secured(server, client=None, **listener):
    """`front` calls `color`, which `blue` serves with TLS."""
    made = mesh(
        [workload("front", "color"), workload("blue", tls=server, **listener)],
        [service("color", route("color", "all", {"blue": 1}))],
    )
    rules = (("color", client),) if client else ()
    front, blue = made.workloads
    return replace(made, workloads=(replace(front, client_tls=rules), blue))


def opened(made, secrets):
    return live(made, lambda s: topology(made, s, doors=["blue"]), secrets=secrets)


async def call(one):
    async with one.http.get(one.egress("front", "color") + "/") as answer:
        return answer.status, await answer.text()


async def enter(one, context=None):
    """A request at blue's own port: its status, or the error in words."""
    scheme = "https" if context else "http"
    url = f"{scheme}://{one.topology.replicas_of('blue')[0].door}:8080/"
    try:
        async with one.http.get(url, ssl=context or True, server_hostname="blue.local") as answer:
            return answer.status
    except (ClientError, ssl.SSLError) as error:
        return str(error) or type(error).__name__


@pytest.mark.parametrize(("mode", "plain"), [("strict", False), ("permissive", True), ("disabled", True)])
def test_a_listener_takes_what_its_mode_says(mode, plain, tmp_path):
    async def body():
        authority = Authority("ours")
        made = secured(ServerTls(mode, ISSUED))
        async with opened(made, supplied(made, authority)) as one:
            assert (await call(one))[0] == 200
            assert (await enter(one) == 200) is plain
            encrypted = await enter(one, client_context(authority, tmp_path))
            assert (encrypted == 200) is (mode != "disabled"), encrypted

    run(body())


def test_clients_must_show_a_certificate_of_the_trusted_authority_with_the_right_name(tmp_path):
    async def body():
        authority, other = Authority("ours"), Authority("others")
        wanted = replace(OURS, names=("front.local", "spiffe://mesh/front"))
        made = secured(
            ServerTls("strict", FILE, wanted), ClientTls(OURS, Identity("sds", "spiffe://mesh/front"))
        )
        async with opened(made, supplied(made, authority)) as one:
            assert (await call(one))[0] == 200
            for own, welcome in (
                (None, False),
                (other.issue("front.local"), False),
                (authority.issue("back.local"), False),
                (authority.issue("front.local"), True),
                (authority.issue("x", "spiffe://mesh/front"), True),
            ):
                assert (await enter(one, client_context(authority, tmp_path, own)) == 200) is welcome

    run(body())


@pytest.mark.parametrize(
    ("server", "client", "rightful", "named", "expected"),
    [
        (FILE, ClientTls(OURS), True, True, 200),
        (FILE, ClientTls(OURS), False, True, 503),
        (FILE, ClientTls(OURS), True, False, 503),
        (FILE, ClientTls(replace(OURS, names=("other.local",))), True, False, 200),
        (FILE, ClientTls(OURS, enforce=False), False, False, 200),
        (FILE, ClientTls(OURS, ports=(9999,)), False, False, 200),
        (FILE, None, False, False, 200),
        (ISSUED, None, True, True, 200),
        (ISSUED, None, False, True, 503),
    ],
)
def test_what_a_client_believes(server, client, rightful, named, expected):
    async def body():
        ours = Authority("ours")
        made = secured(ServerTls("strict", server), client)
        secrets = supplied(made, ours)
        shown = (ours if rightful else Authority("others")).issue("blue.local" if named else "other.local")
        secrets[f"identity/{server.kind}/{server.name}"] = shown
        async with opened(made, secrets) as one:
            status, text = await call(one)
            assert status == expected, text
            if status == 503:
                rows = await one.rows_until(lambda rows: any(r.attempt_row for r in rows))
                [call_row] = [r for r in rows if r.side == "egress" and not r.attempt_row]
                assert "CERTIFICATE_VERIFY_FAILED" in call_row.details
                assert "UF" in call_row.flags

    run(body())


def test_a_policy_that_insists_on_tls_gets_no_plain_text_from_a_server_without_it():
    async def body():
        made = secured(None, ClientTls(OURS))
        async with opened(made, supplied(made, Authority("ours"))) as one:
            assert (await call(one))[0] == 503

    run(body())


def test_a_new_certificate_and_a_new_authority_are_in_force_without_a_restart(tmp_path):
    async def body():
        old, new = Authority("old"), Authority("new")
        made = secured(ServerTls("strict", FILE), ClientTls(OURS))
        async with opened(made, supplied(made, old)) as one:
            assert await enter(one, client_context(old, tmp_path)) == 200
            later = await one.put(made, secrets=supplied(made, new))
            assert later.changed == ("blue.0", "front.0")
            assert "CERTIFICATE_VERIFY_FAILED" in str(await enter(one, client_context(old, tmp_path)))
            assert await enter(one, client_context(new, tmp_path)) == 200
            assert (await call(one))[0] == 200

    run(body())


def test_a_broken_certificate_is_refused_and_the_one_before_stays(tmp_path):
    async def body():
        ours = Authority("ours")
        made = secured(ServerTls("strict", FILE), ClientTls(OURS))
        good = supplied(made, ours)
        async with opened(made, good) as one:
            broken = {**good, "identity/file//keys/blue.pem": Secret(chain="nonsense", key="nonsense")}
            with pytest.raises(
                RejectedError, match=r"blue\.0 refused its secrets: .*identity/file//keys/blue\.pem"
            ):
                await one.put(made, secrets=broken)
            assert await enter(one, client_context(ours, tmp_path)) == 200
            assert (await call(one))[0] == 200

    run(body())


def test_a_broken_authority_of_a_new_upstream_is_refused_at_once():
    async def body():
        plain, strict = secured(None), secured(ServerTls("strict", FILE), ClientTls(OURS))
        secrets = {
            **supplied(strict, Authority("ours")),
            "trust/file//keys/ca.pem": Secret(trusted="nonsense"),
        }
        async with opened(plain, {}) as one:
            with pytest.raises(
                RejectedError, match=r"front\.0 refused its secrets: .*trust/file//keys/ca\.pem"
            ):
                await one.put(strict, secrets=secrets)
            assert (await call(one))[0] == 200

    run(body())


def test_without_names_any_certificate_of_the_authority_will_do_but_one_there_must_be(tmp_path):
    async def body():
        ours = Authority("ours")
        made = secured(ServerTls("strict", FILE, OURS), ClientTls(OURS, FILE))
        async with opened(made, supplied(made, ours)) as one:
            assert (await call(one))[0] == 200
            assert await enter(one, client_context(ours, tmp_path)) != 200
            assert await enter(one, client_context(ours, tmp_path, Authority("x").issue("a"))) != 200
            assert await enter(one, client_context(ours, tmp_path, ours.issue("any.name"))) == 200

    run(body())


def test_tls_comes_goes_and_comes_back_on_a_running_mesh(tmp_path):
    async def body():
        ours = Authority("ours")
        plain, strict = secured(None), secured(ServerTls("strict", FILE), ClientTls(OURS))
        secrets = supplied(strict, ours)
        async with opened(plain, {}) as one:
            for _ in range(3):
                await one.put(strict, secrets=secrets)
                assert (await call(one))[0] == 200
                assert await enter(one, client_context(ours, tmp_path)) == 200
                await one.put(plain, secrets={})
                assert (await call(one))[0] == 200
                assert await enter(one) == 200

    run(body())


@pytest.mark.parametrize("checked", ["http", "http2", "tcp"])
@pytest.mark.parametrize("spoken", ["http", "http2"])
def test_health_checks_use_the_tls_of_the_calls(checked, spoken):
    async def body():
        check = HealthCheck(checked, 2, 2, 0.1, 2, "/ping")
        tls = ServerTls("strict", FILE)
        made = secured(tls, ClientTls(OURS), health=check)
        front, blue = made.workloads
        blue = replace(blue, listeners=(replace(blue.listeners[0], protocol=spoken),))
        made = replace(made, workloads=(front, blue))
        async with opened(made, supplied(made, Authority("ours"))) as one:
            sidecar, stats = one.topology.replicas_of("front")[0].sidecar, {}
            url = f"http://{sidecar}:9901/stats?format=json&filter=blue_{spoken}_8080.health_check"
            async with asyncio.timeout(30):
                while stats.get("attempt", 0) < 3:
                    async with one.http.get(url) as told:
                        found = (await told.json())["stats"]
                    stats = {one["name"].rpartition(".")[2]: one["value"] for one in found if "value" in one}
            assert stats["network_failure"] == 0  # an application of HTTP/1.1 refuses HTTP/2 with a status
            assert spoken == "http2" or (stats["failure"], stats["healthy"]) == (0, 1)

    run(body())


def test_a_changed_secret_alone_is_pushed_alone():
    async def body():
        made = secured(ServerTls("strict", FILE), ClientTls(OURS))
        first, second = supplied(made, Authority("one")), supplied(made, Authority("two"))
        async with opened(made, first) as one:
            before, after = (translate(made, one.topology, secrets=given) for given in (first, second))
            for key in before:
                assert replace(before[key], secrets={}) == replace(after[key], secrets={})
            stats = f"http://{one.topology.replicas_of('blue')[0].sidecar}:9901/stats?format=json&filter=lds.update_attempt"
            async with one.http.get(stats) as told:
                attempts = (await told.json())["stats"]
            await one.put(made, secrets=second)
            async with one.http.get(stats) as told:
                assert (await told.json())["stats"] == attempts

    run(body())

"""What sidecars need of certificates, by which name, and who decides about TLS."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaosmesh.envoy import Secret, needed, translate
from chaosmesh.envoy.handshakes import handshake
from chaosmesh.errors import UsageError
from chaosmesh.mesh import ClientTls, EntryRoute, Identity, Match, Mesh, Rewrite, ServerTls, Trust
from tests.meshes import HERE, mesh, route, service, topology, workload

FILE = Identity("file", "/own.pem", "/own.key")
OURS = Trust("file", ("/ca.pem", "/other.pem"))


def policy(*rules: tuple[str, ClientTls], green: ServerTls | None = None) -> Mesh:
    """`front` calls `color` and `tint`; blue is behind both of them, green behind the second."""
    made = mesh(
        [
            workload("front", "color", "tint"),
            workload("blue", tls=ServerTls("strict", FILE)),
            workload("green", tls=green),
        ],
        [
            service("color", route("color", "all", {"blue": 1})),
            service("tint", route("tint", "all", {"blue": 1, "green": 1})),
        ],
    )
    front, *rest = made.workloads
    return replace(made, workloads=(replace(front, client_tls=rules), *rest))


def shaken(made: Mesh, server: str):
    blue = made.workload(server)
    return handshake(made, made.workload("front"), blue, blue.listeners[0])


def test_of_two_backends_with_one_server_the_first_ones_policy_holds():
    first, second = ClientTls(OURS), ClientTls(Trust("sds", ("other",)))
    both = policy(("tint", second), ("color", first))
    assert shaken(both, "blue").trust == OURS
    assert shaken(both, "green").trust == second.trust
    assert shaken(policy(("tint", second)), "blue").trust is None


def test_without_a_policy_the_server_decides():
    assert shaken(policy(), "green") is None
    assert shaken(policy(green=ServerTls("disabled", FILE)), "green") is None
    issued = ServerTls("permissive", Identity("issued", "arn:green"))
    assert shaken(policy(green=issued), "green").trust == Trust("issued", ("arn:green",))
    assert shaken(policy(green=issued), "green").names == ("green.local",)


def test_names_are_told_apart_where_workloads_share_a_path():
    alone = policy(("color", ClientTls(OURS, FILE)))
    assert [one.name for one in needed(alone, alone.workload("blue"))] == ["identity/file//own.pem@blue"]
    assert [one.name for one in needed(alone, alone.workload("front"))] == [
        "identity/file//own.pem@front",
        "trust/file//ca.pem,/other.pem",
    ]
    assert [one.name for one in needed(policy(), policy().workload("blue"))] == ["identity/file//own.pem"]


def test_a_certificate_carries_what_its_workload_is_called():
    made = policy(("color", ClientTls(OURS, Identity("sds", "spiffe://mesh/front"))))
    [blue] = needed(made, made.workload("blue"))
    assert (blue.role, blue.kind, blue.sources) == ("identity", "file", ("/own.pem", "/own.key"))
    assert (blue.dns, blue.uris) == (("blue.local", "blue", "color", "tint"), ())
    front = needed(made, made.workload("front"))[0]
    assert (front.dns, front.uris) == (("front.local", "front"), ("spiffe://mesh/front",))


def test_a_gateways_certificate_carries_the_hosts_of_its_routes():
    made = policy()
    hosts = Match(host="shop.example"), Match(host_suffix=".example.com")
    rules = tuple(EntryRoute("i", "n", "http", one, "color", None, Rewrite(), HERE) for one in hosts)
    door = replace(made.workload("blue"), name="door", discovery=None, gateway=True, entry_routes=rules)
    made = replace(made, workloads=(*made.workloads, door))
    assert needed(made, door)[0].dns == ("door", "shop.example", "*.example.com")


def test_a_secret_that_nobody_supplied_is_named():
    made = policy()
    with pytest.raises(UsageError, match=r"blue needs the secret identity/file//own\.pem"):
        translate(made, topology(made, "127.99"), secrets={})
    given = {"identity/file//own.pem": Secret("chain", "key")}
    assert set(translate(made, topology(made, "127.99"), secrets=given)["blue.0"].secrets) == set(given)

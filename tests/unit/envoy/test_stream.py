"""The protocol state of one sidecar, without a network."""

from __future__ import annotations

from chaosmesh.envoy.codec import Encoded, message
from chaosmesh.envoy.stream import Stream

REQUEST = message("envoy.service.discovery.v3.DiscoveryRequest")


def ask(stream, kind, names=(), nonce="", error=""):
    request = REQUEST(resource_names=names, response_nonce=nonce)
    if error:
        request.error_detail.message = error
    stream.receive(kind, request)


def wanted(kind, **versions):
    return {kind: {name: Encoded(version, version.encode()) for name, version in versions.items()}}


def only(responses):
    [one] = responses
    return one


def test_nothing_is_owed_before_it_is_asked_for():
    assert not list(Stream().due(wanted("clusters", a="1")))


def test_an_empty_world_is_sent_once_so_that_a_sidecar_can_go_on():
    stream = Stream()
    ask(stream, "clusters")
    assert only(stream.due(wanted("clusters"))).resources == {}
    assert not list(stream.due(wanted("clusters")))


def test_acknowledged_is_in_force_and_sent_alone_is_not():
    stream, want = Stream(), wanted("clusters", a="1")
    ask(stream, "clusters")
    response = only(stream.due(want))
    assert not stream.in_force("clusters", want["clusters"])
    ask(stream, "clusters", nonce=response.nonce)
    assert stream.in_force("clusters", want["clusters"])


def test_what_did_not_change_is_not_sent_again():
    stream, want = Stream(), wanted("routes", a="1", b="1")
    ask(stream, "routes", ["a", "b"])
    response = only(stream.due(want))
    ask(stream, "routes", ["a", "b"], response.nonce)
    assert not list(stream.due(want))
    assert set(only(stream.due(wanted("routes", a="1", b="2"))).resources) == {"b"}


def test_a_stale_nonce_changes_no_subscription():
    stream = Stream()
    ask(stream, "routes", ["a"])
    first = only(stream.due(wanted("routes", a="1", b="1")))
    only(stream.due(wanted("routes", a="2", b="1")))
    ask(stream, "routes", ["a", "b"], nonce=first.nonce)
    ask(stream, "routes", ["a", "b"], nonce="never sent")
    assert not list(stream.due(wanted("routes", a="2", b="1")))


def test_a_stale_acknowledgement_puts_nothing_newer_in_force():
    stream, new = Stream(), wanted("routes", a="2")
    ask(stream, "routes", ["a"])
    first = only(stream.due(wanted("routes", a="1")))
    second = only(stream.due(new))
    ask(stream, "routes", ["a"], nonce=first.nonce)
    assert not stream.in_force("routes", new["routes"])
    ask(stream, "routes", ["a"], nonce=second.nonce)
    assert stream.in_force("routes", new["routes"])


def test_more_names_on_the_last_nonce_are_a_subscription():
    stream, want = Stream(), wanted("routes", a="1", b="1")
    ask(stream, "routes", ["a"])
    first = only(stream.due(want))
    ask(stream, "routes", ["a", "b"], nonce=first.nonce)
    assert set(only(stream.due(want)).resources) == {"b"}


def test_a_name_that_comes_back_is_sent_again():
    stream, want = Stream(), wanted("routes", a="1", b="1")
    ask(stream, "routes", ["a", "b"])
    nonce = only(stream.due(want)).nonce
    ask(stream, "routes", ["a"], nonce=nonce)
    ask(stream, "routes", ["a", "b"], nonce=nonce)
    assert set(only(stream.due(want)).resources) == {"b"}


def test_a_rejection_is_told_in_envoys_words_until_something_is_accepted():
    stream = Stream()
    ask(stream, "routes", ["a"])
    bad = only(stream.due(wanted("routes", a="bad")))
    ask(stream, "routes", ["a"], nonce=bad.nonce, error="missing )")
    rejection = stream.rejection("routes")
    assert (rejection.text, rejection.contents) == ("missing )", {"a": "bad"})
    assert not stream.in_force("routes", wanted("routes", a="bad")["routes"])
    good = only(stream.due(wanted("routes", a="good")))
    ask(stream, "routes", ["a"], nonce=good.nonce)
    assert stream.rejection("routes") is None


def test_the_last_good_version_is_sent_again_after_a_rejection():
    stream, good = Stream(), wanted("routes", a="1")
    ask(stream, "routes", ["a"])
    ask(stream, "routes", ["a"], nonce=only(stream.due(good)).nonce)
    bad = only(stream.due(wanted("routes", a="bad")))
    ask(stream, "routes", ["a"], nonce=bad.nonce, error="no")
    assert set(only(stream.due(good)).resources) == {"a"}


def test_endpoints_are_owed_again_when_their_cluster_changes():
    stream = Stream()
    old = {**wanted("clusters", a="1", b="1"), **wanted("endpoints", a="x", b="x")}
    ask(stream, "clusters")
    ask(stream, "endpoints", ["a", "b"])
    for response in list(stream.due(old)):
        names = ["a", "b"] if response.kind == "endpoints" else []
        ask(stream, response.kind, names, response.nonce)
    new = {**old, **wanted("clusters", a="2", b="1")}
    clusters, endpoints = stream.due(new)
    assert (clusters.kind, endpoints.kind, set(endpoints.resources)) == ("clusters", "endpoints", {"a"})


def test_kinds_come_in_the_safe_order():
    stream = Stream()
    for kind in ("routes", "listeners", "endpoints", "clusters"):
        ask(stream, kind, ["a"] if kind in ("routes", "endpoints") else [])
    everything = {
        kind: wanted(kind, a="1")[kind] for kind in ("routes", "listeners", "endpoints", "clusters")
    }
    assert [one.kind for one in stream.due(everything)] == ["clusters", "endpoints", "listeners", "routes"]


def test_a_removed_cluster_is_not_in_force_until_it_is_gone():
    stream = Stream()
    ask(stream, "clusters")
    ask(stream, "clusters", nonce=only(stream.due(wanted("clusters", a="1", b="1"))).nonce)
    assert not stream.in_force("clusters", wanted("clusters", a="1")["clusters"])

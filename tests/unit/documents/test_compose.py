"""A service of a Compose file as a container, in every form that the file may have."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosmesh.documents.compose import Composed, composed
from chaosmesh.documents.interpolation import MissingError, interpolated
from chaosmesh.errors import DocumentError, Problem, Where

SAID = Where("chaosmesh.yaml", 3, 5)
WHOLE = """x-common: &common
  environment: {LEVEL: info, COLOR: none}
  user: "1000"
services:
  web:
    <<: *common
    image: "me/web:${TAG:-1}"
    command: serve --port 80 "two words"
    entrypoint: ["/bin/tini", "--"]
    env_file: [web.env, {path: gone.env, required: false}]
    environment: [COLOR=red, "GREETING=${HELLO}", PASSED, COST=$$5]
    ports: ["8080:80", "127.0.0.1:9000:9000/tcp", {target: 7000, published: 7}]
    expose: [81]
    volumes: ["./conf:/etc/conf:ro", "data:/data", {type: bind, source: ./conf/a, target: /a}, /cache]
    tmpfs: /run
    working_dir: /srv
    healthcheck: {test: "curl -f http://localhost/", interval: 5s, retries: 4, start_period: 1m30s}
    deploy: {replicas: 3, resources: {limits: {cpus: "0.50", memory: 128M}}}
    depends_on: [db]
    networks: [front]
    privileged: true
  built:
    build: {context: app, dockerfile: Dockerfile.dev, args: {VERSION: "2"}, target: final}
    mem_limit: 256m
    cpus: 1.5
    healthcheck: {test: [CMD, /app, check]}
"""


def compose(folder: Path, text: str = WHOLE, service: str = "web", **variables: str) -> Composed:
    (folder / "conf").mkdir(exist_ok=True)
    (folder / "conf" / "a").write_text("x")
    (folder / "app").mkdir(exist_ok=True)
    (folder / "web.env").write_text(
        "# a comment\nexport FROM_FILE='kept $X'\nCOLOR=blue\nQUOTED=\"a b\" \nPLAIN=x # no\n"
    )
    (folder / "compose.yaml").write_text(text)
    return composed(folder / "compose.yaml", service, {"HELLO": "hi", **variables}, SAID)


def problems(folder: Path, text: str, service: str = "web", **variables: str) -> tuple[Problem, ...]:
    with pytest.raises(DocumentError) as caught:
        compose(folder, text, service, **variables)
    assert all(one.hint for one in caught.value.problems)
    return caught.value.problems


def test_everything_of_a_service(tmp_path, monkeypatch):
    monkeypatch.setenv("PASSED", "from outside")
    made = compose(tmp_path)
    one = made.container
    assert one.image == "me/web:1"
    assert one.command == ("serve", "--port", "80", "two words")
    assert one.entrypoint == ("/bin/tini", "--")
    assert one.env == {
        "FROM_FILE": "kept $X",
        "COLOR": "red",
        "QUOTED": "a b",
        "PLAIN": "x",
        "GREETING": "hi",
        "PASSED": "from outside",
        "COST": "$5",
    }
    assert one.ports == (80, 9000, 7000, 81)
    mounts = {mount.target: mount for mount in one.mounts}
    assert mounts["/etc/conf"].source == str(tmp_path / "./conf")
    assert mounts["/etc/conf"].read_only
    assert mounts["/a"].source.endswith("conf/a")
    assert mounts["/data"].source == mounts["/cache"].source == mounts["/run"].source == ""
    assert (one.user, one.folder, one.cpus, one.memory_mb) == ("1000", "/srv", 0.5, 128)
    assert one.probe is not None
    assert one.probe.command == ("/bin/sh", "-c", "curl -f http://localhost/")
    assert one.probe.within == 110
    assert made.copies == 3
    assert (one.where.line, one.gaps) == (5, ())
    (note,) = one.notes
    assert note.message == "service web: privileged is not taken over"
    assert note.where.line == 21


def test_a_service_that_is_built(tmp_path):
    one = compose(tmp_path, service="built").container
    assert one.build is not None
    assert one.build.context == str(tmp_path / "app")
    assert (one.build.dockerfile, one.build.target, dict(one.build.args)) == (
        "Dockerfile.dev",
        "final",
        {"VERSION": "2"},
    )
    assert (one.memory_mb, one.cpus) == (256, 1.5)
    assert one.probe is not None
    assert one.probe.command == ("/app", "check")


def test_variables_come_from_the_scenario_then_env_then_outside(tmp_path, monkeypatch):
    monkeypatch.setenv("TAG", "outside")
    assert compose(tmp_path).container.image == "me/web:outside"
    (tmp_path / ".env").write_text("TAG=beside\n")
    assert compose(tmp_path).container.image == "me/web:beside"
    assert compose(tmp_path, TAG="scenario").container.image == "me/web:scenario"


def test_what_is_passed_on_from_outside_and_is_not_there_is_open(tmp_path, monkeypatch):
    monkeypatch.delenv("PASSED", raising=False)
    (gap,) = compose(tmp_path).container.gaps
    assert (gap.what, gap.where.line) == ("env.PASSED", 11)


def test_mistakes_with_their_places_all_at_once(tmp_path):
    text = """services:
  web:
    imag: x
    ports: [http]
    command: 'open " quote'
    environment: ["A=${NOWHERE}"]
    env_file: nowhere.env
    healthcheck: {test: [curl, x], interval: soon}
    deploy: {resources: {limits: {cpus: many, memory: big}}}
"""
    found = problems(tmp_path, text)
    assert {one.where.line for one in found} == {2, 3, 4, 5, 6, 7, 8, 9}
    words = "\n".join(f"{one.message} → {one.hint}" for one in found)
    for piece in (
        "did you mean image?",
        "'http' is no port",
        "NOWHERE has no value",
        "nowhere.env",
        "neither image nor",
    ):
        assert piece in words


def test_a_service_that_is_not_there(tmp_path):
    (one,) = problems(tmp_path, WHOLE, "wed")
    assert (one.where, one.hint) == (SAID, "did you mean web?")
    (one,) = problems(tmp_path, "services: {}", "web")
    assert one.hint
    with pytest.raises(DocumentError, match="no Compose file"):
        composed(tmp_path / "nowhere.yaml", "web", {}, SAID)


@pytest.mark.parametrize(
    "text",
    [
        "services: [a]",
        "services: {web: x}",
        "services: {web: null}",
        "a: 1",
        "services: {web: {<<: 3, image: x}}",
    ],
)
def test_nonsense_is_an_error(tmp_path, text):
    problems(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A ${A} ${A:-x} ${A-x} ${A:+y}", "1 1 1 1 y"),
        ("${B:-x} ${B-x} ${B:+y}|", "x x |"),
        ("${E:-x} ${E-x} ${E:+y}|${E+y}", "x  |y"),
        ("${B:-${A}}", "1"),
        ("${B:-$A}", "1"),
        ("$$A $${A}", "$A ${A}"),
        ("a$ b", "a$ b"),
    ],
)
def test_interpolation(text, expected):
    assert interpolated(text, {"A": "1", "E": ""}) == expected


@pytest.mark.parametrize(
    ("text", "words"), [("${B:?is needed}", "is needed"), ("$B", "B has no value"), ("${E:?}", "E")]
)
def test_a_value_that_is_missing(text, words):
    with pytest.raises(MissingError, match=words):
        interpolated(text, {"E": ""})


@given(st.text(max_size=60), st.dictionaries(st.text("AB", min_size=1, max_size=2), st.text(max_size=4)))
def test_interpolation_gives_a_text_or_says_what_is_missing(text, values):
    try:
        made = interpolated(text, values)
    except MissingError:
        return
    if "$" not in text:
        assert made == text

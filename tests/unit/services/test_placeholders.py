"""What a program is told when it starts: placeholders, and the names of its backends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chaosmesh.services.placeholders import RESERVED, backends, fill, filled
from chaosmesh.services.program import Program

VALUES = {"host": "127.9.32.1", "port": "8080", "replica": "1", "address": "127.9.32.1"}


def test_placeholders_of_command_and_environment():
    program = Program(
        "a",
        1,
        command=("serve", "--on={host}:{port}", "{other}"),
        env={"NAME": "a-{replica}", "JSON": '{"port": 1}', "SELF": "{{port}}"},
        listen=(("127.9.32.1", 8080, "http"),),
        ports={8080: 9000},
    )
    made = filled(program, "127.9.32.1")
    assert made.command == ("serve", "--on=127.9.32.1:9000", "{other}")
    assert made.env == {"NAME": "a-1", "JSON": '{"port": 1}', "SELF": "{port}"}
    assert made.entrypoint is None


def test_a_program_that_listens_nowhere():
    assert filled(Program("a", command=("x", "{port}")), "h").command == ("x", "")


@given(st.text(max_size=60))
def test_other_braces_stay(text):
    for word in VALUES:
        text = text.replace(f"{{{word}}}", "")
    assert fill(text, VALUES) == text


def test_backends_by_their_names():
    made = backends([("weather.airport.local", "127.9.160.1", (8080, 9090)), ("db", "127.9.160.2", (5432,))])
    assert made["CHAOSMESH_WEATHER"] == made["CHAOSMESH_WEATHER_AIRPORT_LOCAL"] == "127.9.160.1:8080"
    assert made["CHAOSMESH_WEATHER_9090"] == "127.9.160.1:9090"
    assert made["CHAOSMESH_DB"] == "127.9.160.2:5432"


def test_a_first_label_that_two_services_have_names_none_of_them():
    made = backends([("a.x", "1", (1,)), ("a.y", "2", (2,))])
    assert "CHAOSMESH_A" not in made
    assert (made["CHAOSMESH_A_X"], made["CHAOSMESH_A_Y"]) == ("1:1", "2:2")


def test_no_backend_hides_what_the_run_is_found_by():
    made = backends([("run.local", "1", (1,)), ("owner", "2", (2,))])
    assert not RESERVED & made.keys()
    assert made["CHAOSMESH_RUN_LOCAL"] == "1:1"
    assert made["CHAOSMESH_OWNER_2"] == "2:2"

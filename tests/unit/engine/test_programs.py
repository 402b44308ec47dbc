"""What runs behind each node: documents, a Compose file and the scenario, key by key."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.appmesh import load
from chaosmesh.appmesh.translate import translate
from chaosmesh.documents.scenario import Scenario, load_scenario
from chaosmesh.engine.found import Found, find
from chaosmesh.engine.inputs import read
from chaosmesh.engine.programs import Behind, behind, programs, with_copies
from chaosmesh.errors import DocumentError, Problem
from chaosmesh.mesh import Mesh
from tests.unit.documents.test_pods import DEPLOYMENT, HEAD, LABELS

NODE = "red_ns"
PASSWORD = "env: {PASSWORD: x}"


class Case:
    """A folder with documents and a scenario."""

    def __init__(self, folder: Path, deployment: str = DEPLOYMENT) -> None:
        self.folder = folder
        (folder / "mesh.yaml").write_text(HEAD % LABELS + deployment)
        resources = load([folder / "mesh.yaml"])
        self.mesh: Mesh = translate(resources, "appmesh")
        self.found: Found = find(resources, self.mesh)

    def scenario(self, part: str) -> Scenario:
        (self.folder / "chaosmesh.yaml").write_text(f"workloads:\n  {NODE}: {{{part}}}\n")
        return load_scenario(self.folder)

    def behind(self, part: str = "", runtime="docker") -> Behind:
        return behind(self.mesh, self.scenario(part), self.found, runtime)

    def program(self, part: str = "", runtime="docker"):
        return self.behind(part, runtime).programs.get(NODE)

    def problems(self, part: str, runtime="docker") -> tuple[Problem, ...]:
        with pytest.raises(DocumentError) as caught:
            self.behind(part, runtime)
        assert all(one.hint for one in caught.value.problems)
        assert caught.value.code == 2
        return caught.value.problems


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_the_documents_program_runs_in_a_container(case):
    program = case.program(PASSWORD)
    assert (program.image, program.source) == ("me/color:2", "kubernetes")
    assert program.env["PASSWORD"] == "x"
    assert program.env["COLOR"] == "red"


def test_a_secret_has_to_be_given(case):
    (one,) = case.problems("")
    assert one.message == f"PASSWORD of {NODE} is kept in a secret"
    assert (one.where.file, one.where.line) == (str(case.folder / "mesh.yaml"), 51)
    assert "env: {PASSWORD: …}" in one.hint


def test_the_scenario_overrides_key_by_key(case):
    (case.folder / "a.conf").write_text("x")
    program = case.program(
        "image: me/other, env: {PASSWORD: x, COLOR: blue}, files: {/etc/conf/app.conf: a.conf, /b: a.conf}, "
        "command: serve --it, ready: /ping, port: 9000, cpus: 2, memory: 1g, user: 7, folder: /x"
    )
    assert (program.image, program.command, program.entrypoint) == (
        "me/other",
        ("serve", "--it"),
        ("/app", "red"),
    )
    assert program.env["COLOR"] == "blue"
    assert program.env["LEVEL"] == "7"
    files = {one.target: one for one in program.files}
    assert files["/etc/conf/app.conf"].source == files["/b"].source == str(case.folder / "a.conf")
    assert files["/etc/conf/level"].text == "7"
    assert program.ports == {8080: 9000}
    assert (program.ready.path, program.cpus, program.memory_mb) == ("/ping", 2, 1024)
    assert (program.user, program.folder, program.source) == ("7", "/x", "scenario")


def test_an_entry_point_of_ones_own_gets_none_of_the_documents_arguments(case):
    program = case.program(f"entrypoint: /mine, {PASSWORD}")
    assert (program.entrypoint, program.command) == (("/mine",), ())


def test_a_stand_in_by_force(case):
    assert case.program("standin: true") is None
    assert case.program("standin: true, latency: 5ms", "process") is None


def test_an_image_without_a_value_is_answered_for_and_said(tmp_path):
    case = Case(tmp_path, DEPLOYMENT.replace("me/color:2", "${IMAGE}"))
    made = case.behind()
    assert made.programs == {}
    (line,) = (one for one in made.notes if "stand-in answers" in one)
    assert line.startswith(f"a stand-in answers for {NODE}: its image at {tmp_path / 'mesh.yaml'}:38:")
    assert case.program(f"image: me/own, {PASSWORD}").image == "me/own"


def test_images_wait_for_containers(case):
    made = case.behind("", "process")
    assert made.programs == {}
    assert made.notes == (
        f"stand-ins answer for {NODE}: the documents name images, which --runtime docker runs",
    )
    (line,) = behind(case.mesh, case.scenario("image: x"), Found(), "process").notes
    assert "the scenario file name" in line


def test_what_is_left_out_is_told_where_it_matters(case):
    assert any("xray-daemon is left out" in one for one in case.behind(PASSWORD).notes)
    assert not any("xray" in one for one in case.behind("", "process").notes)


def test_copies_that_documents_want(case):
    made = case.behind(PASSWORD)
    assert made.copies == {NODE: 3}
    assert with_copies(Scenario(), made.copies).workloads[NODE].replicas == 3
    wanted = case.scenario("replicas: 2")
    assert with_copies(wanted, made.copies).workloads[NODE].replicas == 2
    assert with_copies(wanted, made.copies).base == case.folder


def test_one_host_to_its_clients_has_one_copy(tmp_path):
    case = Case(tmp_path)
    text = (tmp_path / "mesh.yaml").read_text()
    dns = text.replace(
        "{awsCloudMap: {namespaceName: local, serviceName: red}}", "{dns: {hostname: red.local}}"
    )
    (tmp_path / "mesh.yaml").write_text(dns)
    case.mesh = translate(load([tmp_path / "mesh.yaml"]), "appmesh")
    assert case.behind(PASSWORD).copies == {}


def test_a_build(case):
    (case.folder / "app").mkdir()
    (case.folder / "app" / "Dockerfile").write_text("FROM scratch\n")
    program = case.program(f"build: app, {PASSWORD}")
    assert (program.image, program.build) == ("", str(case.folder / "app"))
    program = case.program(f"build: {{context: app, args: {{A: 1}}, target: t}}, {PASSWORD}")
    assert (program.build_args, program.build_target) == ({"A": "1"}, "t")
    (one,) = case.problems(f"build: {{context: app, dockerfile: D2}}, {PASSWORD}")
    assert "D2" in one.message
    assert (one.where.line, one.where.column) == (2, 12)


def test_a_compose_service(case):
    (case.folder / "compose.yaml").write_text(
        "services:\n  web: {image: 'me/web:${TAG}', ports: ['8080:80'], environment: {A: 1}, privileged: true}\n"
        "  many: {image: x, ports: [1, 2]}\n"
    )
    (case.folder / "chaosmesh.yaml").write_text(
        f"variables: {{TAG: 3}}\nworkloads:\n  {NODE}: {{compose: compose.yaml#web, env: {{B: 2}}}}\n"
    )
    made = behind(case.mesh, load_scenario(case.folder), case.found)
    program = made.programs[NODE]
    assert (program.image, program.ports, program.source) == ("me/web:3", {8080: 80}, "compose")
    assert (program.env["A"], program.env["B"], program.env["COLOR"]) == ("1", "2", "red")
    assert any("privileged is not taken over" in one for one in made.notes)
    (one,) = case.problems("compose: compose.yaml#wed")
    assert (one.hint, one.where.line) == ("did you mean web?", 2)
    (one,) = case.problems("compose: compose.yaml#many")
    assert "its Compose service on 1, 2" in one.message
    assert case.program("compose: compose.yaml#many, port: 2").ports == {8080: 2}


def test_all_mistakes_at_once(case):
    found = case.problems("image: x, env: {CHAOSMESH_RUN: x, PASSWORD: y}, files: {/a: nowhere, /b: nobody}")
    assert len(found) == 3
    assert "CHAOSMESH_RUN tells a run's processes apart" in [one.message for one in found]


def test_a_program_of_this_machine(case):
    program = case.program(
        "command: [sh, -c, 'echo {port}'], env: {A: 1}, ready: {log: up, within: 5s}", "process"
    )
    assert program.command[0].endswith("/sh")
    assert program.command[1:] == ("-c", "echo {port}")
    assert (program.folder, program.env, program.ready.log) == (str(case.folder), {"A": "1"}, "up")
    assert not program.contained
    assert program.where.line == 2


def test_a_program_beside_the_scenario(case):
    file = case.folder / "run"
    (one,) = case.problems("command: ./run", "process")
    assert "has to be built or written first" in one.hint
    file.write_text("#!/bin/sh\n")
    (one,) = case.problems("command: ./run", "process")
    assert "chmod +x" in one.hint
    file.chmod(0o755)
    assert case.program("command: ./run", "process").command == (str(file),)


def test_a_program_that_is_not_there_is_told_at_its_place(case):
    (one,) = case.problems("command: [no-such-program-here]", "process")
    assert one.message == "there is no program 'no-such-program-here'"
    assert (one.where.line, one.where.column) == (2, 22)


def test_a_process_has_no_container(case):
    (case.folder / "f").write_text("")
    found = case.problems("command: [sh], memory: 1g, files: {/a: f}, user: x", "process")
    assert {one.message.split()[0] for one in found} == {"memory", "files", "user"}


def test_a_command_needs_an_image_in_a_container(tmp_path):
    case = Case(tmp_path, "")
    (one,) = case.problems("command: [sh]")
    assert "can't run in a container" in one.message
    assert Case(tmp_path).program(f"command: [x], {PASSWORD}").command == ("x",)


def test_several_listeners_have_no_one_port(tmp_path):
    case = Case(tmp_path)
    text = (tmp_path / "mesh.yaml").read_text()
    two = text.replace("listeners: [", "listeners: [{portMapping: {port: 9080, protocol: http}}, ")
    (tmp_path / "mesh.yaml").write_text(two)
    case.mesh = translate(load([tmp_path / "mesh.yaml"]), "appmesh")
    (one,) = case.problems(f"port: 1, {PASSWORD}")
    assert "listens on 9080, 8080" in one.message


def test_without_anything_nothing_of_ones_own_runs(case):
    assert programs(case.mesh, Scenario()) == {}
    assert programs(case.mesh, Scenario(), runtime="process") == {}


def test_what_is_set_from_outside_counts_in_a_compose_file_too(case):
    (case.folder / "compose.yaml").write_text("services: {web: {image: 'me/web:${TAG}'}}\n")
    text = f"mesh: mesh.yaml\nvariables: {{TAG: 1}}\nworkloads: {{{NODE}: {{compose: compose.yaml#web}}}}\n"
    (case.folder / "chaosmesh.yaml").write_text(text)
    _, scenario = read([case.folder], variables={"TAG": "2"})
    assert behind(case.mesh, scenario).programs[NODE].image == "me/web:2"
    assert scenario.base == case.folder

"""Options `--chaos-…`; each has a key `chaosmesh_…` in the ini file, which the command line overrules."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from chaosmesh.engine.traces import Choice
    from chaosmesh.runtime.kinds import Kind

MARKER = "chaosmesh"
EXAMPLE = f'@pytest.mark.{MARKER}("path/to/documents")'
PROFILES = ("appmesh", "appmesh-legacy", "envoy")
PLACE = "process" if sys.platform == "linux" else "docker"
MOST_WORKERS = 64
"""As in `mesh.load`: more processes than that send no more."""
RUN_ALPHA = 0.01
"""What a session's verdicts may err with together, unless told otherwise (as in `chaosmesh.judge`)."""


@dataclass(frozen=True, slots=True)
class _Option:
    name: str
    help: str
    default: str
    kind: type = str
    choices: tuple[str, ...] | None = None
    metavar: str | None = None


_OPTIONS = (
    _Option("seed", "same seed, same victims", "0", int, metavar="N"),
    _Option(
        "undecided",
        "warn: an inconclusive expectation does not fail its test",
        "fail",
        choices=("fail", "warn"),
    ),
    _Option("report", "where run folders go; if given, every test gets a page", "runs", metavar="DIR"),
    _Option("profile", "whose hidden defaults hold", "appmesh", choices=PROFILES),
    _Option("runtime", "where meshes run", PLACE, choices=("process", "docker")),
    _Option(
        "traces",
        "spans of every request; scenario: what its tracing says",
        "scenario",
        choices=("scenario", "otel", "xray", "off"),
    ),
    _Option("workers", "processes that send the load of each mesh", "1", int, metavar="N"),
    _Option(
        "alpha", "chance that the session holds one wrong verdict", str(RUN_ALPHA), float, metavar="SHARE"
    ),
    _Option(
        "budget",
        "experiments that would begin later than this after the start are undecided",
        "",
        metavar="TIME",
    ),
    _Option("claims", "claims of the whole session; more than 100 share its alpha", "100", int, metavar="N"),
)


def add(parser: pytest.Parser) -> None:
    """Declare all of them."""
    group = parser.getgroup("chaosmesh", "service-mesh experiments")
    for one in _OPTIONS:
        more = {"choices": list(one.choices)} if one.choices else {"type": one.kind, "metavar": one.metavar}
        group.addoption(f"--chaos-{one.name}", default=None, help=f"{one.help} ({one.default})", **more)
        parser.addini(f"chaosmesh_{one.name}", one.help, default=one.default)
    text = "bind a variable or a CloudFormation parameter of every mesh; may be given again"
    group.addoption("--chaos-set", action="append", default=[], metavar="NAME=VALUE", help=text)
    parser.addini("chaosmesh_set", text, type="linelist", default=[])


def validate(config: pytest.Config) -> None:
    """pytest.UsageError for a value that makes no sense, before anything is collected."""
    for one in _OPTIONS:
        option(config, one.name)
    variables(config)
    budget(config)
    if not 0 < float(option(config, "alpha")) < 1:
        raise pytest.UsageError("--chaos-alpha: write a share above 0 and below 1")
    for name in ("workers", "claims"):
        if int(option(config, name)) < 1:
            raise pytest.UsageError(f"--chaos-{name}: write a number from 1 on")
    if int(option(config, "workers")) > MOST_WORKERS:
        raise pytest.UsageError(f"--chaos-workers: write a number from 1 to {MOST_WORKERS}")


def option(config: pytest.Config, name: str) -> str:
    """From the command line, else from the ini file."""
    given = config.getoption(f"chaos_{name}")
    value = str(config.getini(f"chaosmesh_{name}") if given is None else given)
    known = next(one for one in _OPTIONS if one.name == name)
    if known.choices and value not in known.choices:
        raise pytest.UsageError(f"chaosmesh_{name} = {value}: choose from {', '.join(known.choices)}")
    try:
        known.kind(value)
    except ValueError:
        raise pytest.UsageError(f"chaosmesh_{name} = {value}: is no number") from None
    return value


def variables(config: pytest.Config) -> dict[str, str]:
    """Bindings for every mesh; those of the command line over those of the ini file."""
    found: dict[str, str] = {}
    for text in (*config.getini("chaosmesh_set"), *config.getoption("chaos_set")):
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise pytest.UsageError(f"--chaos-set {text}: write NAME=VALUE")
        found[name] = value
    return found


def budget(config: pytest.Config) -> float | None:
    """Seconds after the start of the session within which an experiment must begin; None: there is no such bound."""
    text = option(config, "budget")
    if not text:
        return None
    from chaosmesh.errors import UsageError
    from chaosmesh.judge.durations import duration

    try:
        return duration(text, "--chaos-budget")
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


def runtime(config: pytest.Config, wanted: object = None) -> Kind:
    """Where a mesh runs: its marker's word, else the option's."""
    word = option(config, "runtime") if wanted is None else str(wanted)
    if word not in ("process", "docker"):
        raise pytest.UsageError(f"chaosmesh marker: runtime={word!r}: choose from process, docker")
    return "docker" if word == "docker" else "process"


def traces(config: pytest.Config, wanted: object = None) -> Choice | None:
    """Which tracer a mesh has: its marker's word, else the option's; None: what its scenario says."""
    word = option(config, "traces") if wanted is None else str(wanted)
    if word not in ("scenario", "otel", "xray", "off"):
        raise pytest.UsageError(f"chaosmesh marker: traces={word!r}: choose from otel, xray, off")
    found: Any = None if word == "scenario" else word
    return found  # type: ignore[no-any-return]


def claims(config: pytest.Config) -> int:
    """How many claims share the session's alpha."""
    return int(option(config, "claims"))


def alpha(config: pytest.Config) -> float:
    """What each claim may err with."""
    from chaosmesh.judge import alpha_for

    return alpha_for(claims(config)) * (float(option(config, "alpha")) / RUN_ALPHA)


def summary(config: pytest.Config) -> str:
    """What holds for all experiments, in one line."""
    parts = [f"{name} {option(config, name)}" for name in ("profile", "seed", "undecided", "report")]
    parts += [f"runtime {place}"] if (place := option(config, "runtime")) != "process" else []
    parts += [f"traces {tracer}"] if (tracer := option(config, "traces")) != "scenario" else []
    parts += [f"workers {count}"] if (count := option(config, "workers")) != "1" else []
    parts += [f"alpha {share}"] if float(share := option(config, "alpha")) != RUN_ALPHA else []
    return ", ".join(parts)

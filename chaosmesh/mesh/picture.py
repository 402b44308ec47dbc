"""Where every workload stands in a picture of the mesh: callers on the left, whom they call to the right.

Pure, and the same for the same mesh: the control tower, reports and Mermaid draw the same picture. Columns are the longest
way from the left (calls that lead back are passed over), rows follow the middle of the neighbours, which keeps most arrows
from crossing (K. Sugiyama, S. Tagawa, M. Toda, "Methods for visual understanding of hierarchical system structures", 1981).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from chaosmesh.mesh.model import Mesh

Kind = Literal["gateway", "node", "external"]

SWEEPS: Final = 4
"""Times that the rows are put in order from the left and from the right; more changes nothing in practice."""

Links = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Spot:
    """One workload: `column` from 0 on the left, `row` from 0 at the top, in units of one workload; rows of short columns
    lie in the middle, so they may be halves. `entry`: users come in here."""

    id: str
    label: str
    kind: Kind
    column: int
    row: float
    entry: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """Calls of a workload to a service, and the workloads behind it with their weights in per cent, fallbacks with 0.

    A service with several routes has its widest one's weights (the last one, as requests without conditions take it).
    `id` is `client->service`, with the service's first DNS label where no other service begins alike."""

    id: str
    client: str
    service: str
    targets: tuple[tuple[str, float], ...]

    @property
    def label(self) -> str:
        """For people."""
        return self.id.replace("->", " → ")


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that is drawn. `columns` and `rows`: how much room it takes."""

    nodes: tuple[Spot, ...]
    edges: tuple[Arrow, ...]
    columns: int
    rows: int


def picture(mesh: Mesh, entries: Sequence[str] = (), externals: Sequence[str] = ()) -> Picture:
    """The picture of a mesh. `entries`: where users come in; they stand first. `externals`: names of what is outside, which
    stands in a column of its own on the right, as nothing says who calls it."""
    arrows = tuple(_arrow(mesh, client, service) for client, service in mesh.edges())
    ahead = {one.name: _called(one.name, arrows) for one in mesh.workloads}
    order = sorted(ahead, key=lambda name: name not in entries)
    columns = _columns(order, ahead)
    grid = _rows(order, ahead, columns)
    tallest = max([len(one) for one in grid] + [len(externals)], default=0)
    gateways = {one.name for one in mesh.workloads if one.gateway}
    spots = [
        Spot(
            name,
            name,
            "gateway" if name in gateways else "node",
            column,
            row + (tallest - len(names)) / 2,
            name in entries,
        )
        for column, names in enumerate(grid)
        for row, name in enumerate(names)
    ]
    spots += [
        Spot(name, name, "external", len(grid), row + (tallest - len(externals)) / 2)
        for row, name in enumerate(externals)
    ]
    return Picture(tuple(spots), arrows, len(grid) + bool(externals), tallest)


def _short(service: str, known: Collection[str]) -> str:
    first = service.partition(".")[0]
    return service if any(one != service and one.partition(".")[0] == first for one in known) else first


def _arrow(mesh: Mesh, client: str, service: str) -> Arrow:
    known = {one.name for one in mesh.services}
    routes = mesh.service(service).routes if service in known else ()
    name = f"{client}->{_short(service, known)}"
    if not routes:
        return Arrow(name, client, service, ())
    widest = routes[-1].targets
    whole = sum(one.weight for one in widest) or 1
    weights = dict.fromkeys([*(one.workload for one in widest), *mesh.targets(service)], 0.0)
    for one in widest:
        weights[one.workload] += 100 * one.weight / whole
    return Arrow(name, client, service, tuple((one, round(weight, 2)) for one, weight in weights.items()))


def _called(client: str, arrows: Sequence[Arrow]) -> list[str]:
    targets = (name for one in arrows if one.client == client for name, _ in one.targets)
    return [name for name in dict.fromkeys(targets) if name != client]


def _columns(order: Sequence[str], ahead: Links) -> dict[str, int]:
    """The longest way from the left to each, over the calls that don't lead back."""
    finished, forward = _walk(order, ahead)
    columns = dict.fromkeys(order, 0)
    for name in reversed(finished):
        for called in forward[name]:
            columns[called] = max(columns[called], columns[name] + 1)
    return columns


def _walk(order: Sequence[str], ahead: Links) -> tuple[list[str], Links]:
    """Depth first without recursion (a chain may be long): workloads in the order in which they were finished, and for each
    the calls that don't lead back to one that is still open."""
    finished: list[str] = []
    forward: dict[str, list[str]] = {name: [] for name in order}
    state: dict[str, str] = {}
    for first in order:
        if first in state:
            continue
        state[first] = "open"
        waiting = [(first, iter(ahead[first]))]
        while waiting:
            name, rest = waiting[-1]
            called = next(rest, None)
            if called is None:
                state[name] = "done"
                finished.append(name)
                waiting.pop()
            elif state.get(called) != "open":
                forward[name].append(called)
                if called not in state:
                    state[called] = "open"
                    waiting.append((called, iter(ahead[called])))
    return finished, forward


def _rows(order: Sequence[str], ahead: Links, columns: Mapping[str, int]) -> list[list[str]]:
    """The workloads of each column from top to bottom."""
    grid: list[list[str]] = [[] for _ in range(max(columns.values(), default=-1) + 1)]
    for name in order:
        grid[columns[name]].append(name)
    behind: dict[str, list[str]] = {name: [] for name in order}
    for name, calls in ahead.items():
        for called in calls:
            behind[called].append(name)
    for sweep in range(SWEEPS):
        neighbours = ahead if sweep % 2 else behind
        place = {name: _middle(row, names) for names in grid for row, name in enumerate(names)}
        for names in reversed(grid) if sweep % 2 else grid:
            names.sort(key=lambda name: _mean([place[one] for one in neighbours[name]], place[name]))
            place |= {name: _middle(row, names) for row, name in enumerate(names)}
    return grid


def _middle(row: int, names: Sequence[str]) -> float:
    """Distance from the middle of the column: columns of different heights are compared by it."""
    return row - (len(names) - 1) / 2


def _mean(places: Sequence[float], otherwise: float) -> float:
    return sum(places) / len(places) if places else otherwise

"""A pod without its network, and a pod without names: rules in its own network namespace.

A rule that drops packets loses them as a broken network does: nobody is told, and callers wait. Taking the interface
away (`docker network disconnect`) would not: programs see at once that their address is gone, connections end with
errors that no network gives, and the engine writes addresses and /etc/hosts anew when it is connected again.
"""

from __future__ import annotations

import re
from typing import Final

from chaosmesh.envoy import names
from chaosmesh.errors import UsageError
from chaosmesh.runtime import layout
from chaosmesh.runtime.docker.ill import Ill
from chaosmesh.runtime.docker.specs import GATEWAY
from chaosmesh.runtime.heal import Heal
from chaosmesh.services.config import StandIn

CUT_IN, CUT_OUT, NAMELESS = "CHAOSMESH_CUT_IN", "CHAOSMESH_CUT_OUT", "CHAOSMESH_DNS"
HOSTS, KEPT = "/etc/hosts", "/etc/hosts.chaosmesh"
"""The file of names, and where it waits while no name is known."""
RESOLVER = "127.0.0.11"
"""Where the engine answers questions for names in its networks."""
WRITE_NAMES: Final = f'f={HOSTS}; [ -e {KEPT} ] && f={KEPT}; printf %s "$0" > $f'
"""A change of the mesh gives a pod other names: those that it knows again afterwards."""
_COUNTED: Final = re.compile(r"-c (\d+) \d+ -j (?:DROP|REJECT)")

_IN_FORCE: Final = 'printf "%s\\n" "$0" | iptables-restore -w --noflush\n'
_OFF: Final = """
for one in "INPUT $0" "OUTPUT $1"; do
    while iptables -w -D ${one% *} -j ${one#* } 2>/dev/null; do :; done
done
for one in "$0" "$1"; do iptables -w -F "$one" 2>/dev/null && iptables -w -X "$one"; done
"""
_END_HUNG: Final = 'ss -K -tn state connected "( $2 )" >/dev/null 2>&1\n'
_END_DIALS: Final = 'ss -K -tn state syn-sent "dst $0" >/dev/null 2>&1 || true'
_BACK: Final = f"if [ -e {KEPT} ]; then cat {KEPT} > {HOSTS} && rm {KEPT}; fi\n"
_RULES: Final = "iptables-save -t filter"


class Severed(Ill):
    """Everything that would leave or enter the pod is dropped, but for what we ask ourselves: Envoy's admin page, and
    stand-ins by this machine."""

    def prepare(self) -> list[Heal]:
        """One script."""
        return [self._patient.prepared(_OFF + _END_HUNG + "true", CUT_IN, CUT_OUT, self._hung)]

    def begin(self) -> None:
        """Both directions."""
        gateway, app = f"{self._patient.subnet}.{GATEWAY}", self._patient.replica.app
        admin = names.ADMIN_PORT
        asked = [] if app == layout.INSIDE else [(gateway, app)]
        lines = [
            "*filter",
            f":{CUT_IN} - [0:0]",
            f":{CUT_OUT} - [0:0]",
            f"-A {CUT_IN} -i lo -j RETURN",
            f"-A {CUT_OUT} -o lo -j RETURN",
            f"-A {CUT_IN} -p tcp --dport {admin} -j RETURN",
            f"-A {CUT_OUT} -p tcp --sport {admin} -j RETURN",
            *(f"-A {CUT_IN} -s {we} -d {it} -j RETURN" for we, it in asked),
            *(f"-A {CUT_OUT} -s {it} -d {we} -j RETURN" for we, it in asked),
            f"-A {CUT_IN} -j DROP",
            f"-A {CUT_OUT} -j DROP",
            f"-I INPUT 1 -j {CUT_IN}",
            f"-I OUTPUT 1 -j {CUT_OUT}",
            "COMMIT",
        ]
        self._patient.inside(_IN_FORCE, "\n".join(lines))

    def end(self) -> None:
        """And the connections that hung end: who waited is told, and nothing is answered late.

        Toxiproxy dials before it accepts the next connection, so a dial whose packets were lost would hold all of them
        up until the kernel sends them again, which takes seconds.
        """
        self._patient.inside(_OFF + _END_HUNG + "true", CUT_IN, CUT_OUT, self._hung)
        self._patient.at_proxies(_END_DIALS, self._patient.replica.sidecar)

    def seen(self) -> tuple[int, str]:
        """By the rules' own counters."""
        lost = _counted(self._patient.inside(f"iptables -w -v -S {CUT_IN}; iptables -w -v -S {CUT_OUT}"))
        return int(lost > 0), f"was cut off: {lost:,} packets from and to its pod were lost"

    def left(self) -> str:
        """The chains."""
        rules = self._patient.inside(_RULES)
        return f"{self._patient.replica.key} is cut off" if CUT_IN in rules or CUT_OUT in rules else ""

    @property
    def _hung(self) -> str:
        """Connections with the rest of the run, those of our own questions left out; not those within the pod."""
        subnet, proxies = self._patient.subnet, layout.PROXIES
        places = (f"{subnet}.0.0/20", f"{subnet}.{proxies}.0/18", f"{subnet}.{proxies + 64}.0/19")
        return f"( {' or '.join(f'dst {one}' for one in places)} ) and sport != :{names.ADMIN_PORT}"


class Nameless(Ill):
    """The pod's file of names is empty, and whoever asks a server for one is refused."""

    def prepare(self) -> list[Heal]:
        """One script. UsageError for a stand-in."""
        if isinstance(self._patient.app, StandIn):
            raise UsageError(
                f"dns: {self._patient.replica.key} is a stand-in, which calls by address and asks for no name",
                hint="it acts on a workload's own program (image, build)",
            )
        return [self._patient.prepared(_OFF + _BACK + "true", NAMELESS, NAMELESS)]

    def begin(self) -> None:
        """Names first: who asks a server meanwhile is answered a last time."""
        known = self._patient.inside(f"cp {HOSTS} {KEPT}; cat {HOSTS}").splitlines()
        few = [line for line in known if not set(line.split()[1:]) & set(self._patient.pod.hosts)]
        refuse = "-j REJECT --reject-with"
        lines = [
            "*filter",
            f":{NAMELESS} - [0:0]",
            # the engine's own answers come from a port of its choice
            f"-A {NAMELESS} -p udp -d {RESOLVER} {refuse} icmp-port-unreachable",
            f"-A {NAMELESS} -p tcp -d {RESOLVER} {refuse} tcp-reset",
            f"-A {NAMELESS} -p udp --dport 53 {refuse} icmp-port-unreachable",
            f"-A {NAMELESS} -p tcp --dport 53 {refuse} tcp-reset",
            f"-I OUTPUT 1 -j {NAMELESS}",
            "COMMIT",
        ]
        self._patient.inside(
            'printf "%s\\n" "$1" > ' + HOSTS + "\n" + _IN_FORCE, "\n".join(lines), "\n".join(few)
        )

    def end(self) -> None:
        """The file is as it was, or as a change of the mesh has made it meanwhile."""
        self._patient.inside(_OFF + _BACK + "true", NAMELESS, NAMELESS)

    def seen(self) -> tuple[int, str]:
        """By the rules' own counters: what is resolved from the file alone asks nobody, and is not known then."""
        refused = _counted(self._patient.inside(f"iptables -w -v -S {NAMELESS}"))
        return int(refused > 0), f"was refused {refused:,} questions for a name"

    def left(self) -> str:
        """The rules, and each name at its address."""
        rules, known = (
            self._patient.inside(one) for one in (_RULES, f"cat {HOSTS}; ls {KEPT} 2>/dev/null || true")
        )
        here = set(known.split())
        lost = [name for name in self._patient.pod.hosts if name not in here]
        if NAMELESS in rules or KEPT in here or lost:
            return f"{self._patient.replica.key} does not know {', '.join(lost[:3]) or 'every name'}"
        return ""


def _counted(rules: str) -> int:
    """Packets that the rules took."""
    return sum(int(found[1]) for found in _COUNTED.finditer(rules))

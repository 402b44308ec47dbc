"""The AWS CLI as people run it: a process a call, away from whoever's own settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.appmesh_api.serving import KEYS

PROGRAM = Path(sys.executable).parent / "aws"


@dataclass
class Aws:
    """`aws appmesh` with one endpoint; counts its calls, which cost a second each."""

    url: str
    home: Path
    calls: int = 0

    def __post_init__(self) -> None:
        (self.home / "config").write_text("[default]\ncli_timestamp_format = wire\n")

    def run(self, command: str, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """`aws appmesh COMMAND --option VALUE …`; whatever is not text is given as JSON."""
        self.calls += 1
        line = [str(PROGRAM), "appmesh", command, "--endpoint-url", self.url, "--output", "json", *words]
        for name, value in options.items():
            flag = "".join(f"-{one.lower()}" if one.isupper() else one for one in name).replace("_", "-")
            line += [f"--{flag}", value if isinstance(value, str) else json.dumps(value)]
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "AWS_CONFIG_FILE": str(self.home / "config"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_PAGER": "",
            "LC_ALL": "C.UTF-8",
            **KEYS,
        }
        return subprocess.run(line, env=env, capture_output=True, text=True, timeout=120, check=False)

    def __call__(self, command: str, *words: str, **options: Any) -> Any:
        """What a call that must succeed prints, as JSON; None if it prints nothing."""
        ended = self.run(command, *words, **options)
        assert ended.returncode == 0, (command, options, ended.stderr)
        return json.loads(ended.stdout) if ended.stdout.strip() else None

    def refused(self, kind: str, command: str, *words: str, **options: Any) -> str:
        """Standard error of a call that must fail with one exception."""
        ended = self.run(command, *words, **options)
        assert ended.returncode not in (0, 252), (command, ended.stdout, ended.stderr)  # 252: never sent
        assert f"({kind})" in ended.stderr, ended.stderr
        return ended.stderr

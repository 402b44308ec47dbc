"""`python -m chaosmesh.cli`: the same as the `chaosmesh` command."""

from chaosmesh.cli import main

main()

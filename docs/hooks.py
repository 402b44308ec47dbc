"""What mkdocs adds to these pages: the references of commands and of the scenario file, made from the program itself."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from chaosmesh.cli.program import EXIT_CODES, GROUPS, SUMMARIES, program
from chaosmesh.documents.scenario import scenario_schema

_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```([a-z]+) [a-z ]+$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made here."""
    for path, text in (("reference/commands.md", commands()), ("reference/scenario.md", scenario())):
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Links into the source tree become paths in it; what follows a fence's language is for the tests."""
    folder = posixpath.dirname(page.file.src_uri)

    def linked(match: re.Match[str]) -> str:
        text, goal = match.groups()
        path = posixpath.normpath(posixpath.join("docs", folder, goal.partition("#")[0]))
        outside = not re.match(r"[a-z]+:|#", goal) and not path.startswith("docs/")
        return (f"{text} (`{path}`)" if text.strip("`") != path else f"`{path}`") if outside else match[0]

    return _LINK.sub(linked, _FENCE.sub(r"```\1", markdown))


def commands() -> str:
    """Every command with its help, as `--help` prints it on 80 columns."""
    parts = ["# Commands", "What `--help` says.", EXIT_CODES.replace("\n", " ")]
    for title, group in GROUPS.items():
        parts.append(f"## {title}")
        for name in group:
            parts += [f"### chaosmesh {name}", SUMMARIES[name], f"```text\n{_help(name)}\n```"]
    return "\n\n".join(parts) + "\n"


def _help(name: str) -> str:
    parent = click.Context(program, info_name="chaosmesh", terminal_width=80, **program.context_settings)
    command = program.get_command(parent, name)
    if command is None:
        raise KeyError(name)
    return command.get_help(click.Context(command, parent, name, terminal_width=80))


def scenario() -> str:
    """Every key of the scenario file with its form, from the schema that `chaosmesh schema` prints."""
    schema = scenario_schema()
    parts = [
        "# Scenario schema",
        "Every key of `chaosmesh.yaml` and its form, as `chaosmesh schema` prints it for editors.",
        "What the keys mean is told in [the scenario file](../scenario.md).",
        "## Top level",
        *_object(schema, told=False),
    ]
    for name, part in sorted(schema["$defs"].items()):
        parts += [f"## {name}", *_object(part)]
    return "\n\n".join(parts) + "\n"


def _object(part: dict[str, Any], *, told: bool = True) -> Iterator[str]:
    if told and part.get("description"):
        yield part["description"]
    needed = part.get("required", ())
    rows = [
        f"| `{key}` | {_form(form)} | {'needed' if key in needed else _default(form)} |"
        for key, form in part.get("properties", {}).items()
    ]
    yield "\n".join(["| key | form | default |", "|---|---|---|", *rows]) if rows else _form(part)


def _default(form: dict[str, Any]) -> str:
    value = form.get("default")
    return "" if value in (None, [], "") or isinstance(value, dict) else f"`{value}`".replace("|", "\\|")


def _form(form: dict[str, Any]) -> str:
    """A form in words: `text`, `list of Fault`, `text or null`."""
    if "$ref" in form:
        name = form["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for several in ("anyOf", "oneOf"):
        if several in form:
            kinds = dict.fromkeys(_form(one) for one in form[several] if one.get("type") != "null")
            return " or ".join(kinds)
    if "enum" in form or "const" in form:
        return ", ".join(f"`{one}`" for one in form.get("enum", [form.get("const")]))
    kind = form.get("type", "any")
    if kind == "array":
        return f"list of {_form(form.get('items', {}))}"
    if kind == "object" and isinstance(form.get("additionalProperties"), dict):
        return f"name: {_form(form['additionalProperties'])}"
    word = {"string": "text", "boolean": "true, false", "object": "mapping"}.get(kind, kind)
    examples = ", ".join(f"`{one}`" for one in form.get("examples", ()))
    bounds = _bounds(form)
    return word + bounds + (f" such as {examples}" if examples else "")


def _bounds(form: dict[str, Any]) -> str:
    words = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    return "".join(f" {sign} {form[key]}" for key, sign in words.items() if key in form)

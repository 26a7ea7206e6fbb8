"""Commands that the documentation and the help show can be given: every name and every option exists."""

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from xalign.cli import COMMANDS, main
from xalign.method import Extraction

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "recipes").glob("*/README.md")),
]
LINKED = [
    *PAGES,
    *ROOT.glob("*/README.md"),
    *(page for page in ROOT.glob("*.md") if page.name != "README.md"),
]


def shown(text):
    """The words of every `xalign ...` command within code, up to where it ends or its output is sent on."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    code = [block for language, block in blocks if language in ("", "bash", "console")]
    code += re.findall(r"`(xalign [^`]+)`", re.sub(r"(?s)^```.*?^```", "", text, flags=re.MULTILINE))
    for line in "\n".join(code).replace("\\\n", " ").splitlines():
        for part in re.split(r"&&|[|;>](?!\|)", line.split(" #")[0]):
            if (words := part.split()) and words[0] in ("xalign", "$"):
                yield shlex.split(part.removeprefix("$ "))[1:]


def help_of(*command):
    return CliRunner().invoke(main, [*command, "--help"]).stdout


def texts():
    for page in PAGES:
        yield page.relative_to(ROOT).as_posix(), page.read_text(encoding="utf-8")
    for name in COMMANDS:
        lines = [line.strip() for line in help_of(name).splitlines()]
        yield f"xalign {name} --help", "```\n" + "\n".join(lines) + "\n```"


@pytest.mark.parametrize(("name", "text"), list(texts()), ids=lambda each: each if len(each) < 60 else "")
def test_commands_that_are_shown_exist(name, text):
    for command, *words in shown(text):
        if not re.fullmatch("[a-z]+", command):  # options of xalign itself, or a gap to be filled in
            continue
        asked = main.get_command(click.Context(main), command)
        assert asked is not None, command
        while isinstance(asked, click.Group) and words and words[0] in asked.commands:
            asked = asked.commands[words.pop(0)]
        known = {"--help"}.union(*(each.opts + each.secondary_opts for each in asked.params))
        options = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert options <= known, (command, options - known)


def anchors(page):
    """The names of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        if not link.startswith("http"):
            assert (page.parent / path).exists(), link
            assert not anchor or anchor in anchors(page.parent / path), link


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md", "pypi.md"}
    assert {page for page in pages if f"]({page})" not in index} == set()


def test_every_command_is_in_the_documentation():
    documentation = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [name for name in COMMANDS if f"xalign {name}" not in documentation] == []


def test_the_thresholds_in_the_table_of_methods_are_those_of_the_methods():
    rows = re.findall(
        r"^\| `([a-z-]+)` \|.*\| ([^|]*) \|$", (ROOT / "docs/methods.md").read_text("utf-8"), re.M
    )
    told = {name: threshold for name, threshold in rows if name in list(Extraction)}
    assert told == {
        str(each): "–" if each.threshold is None else f"{each.threshold:g}" for each in Extraction
    }

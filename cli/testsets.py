"""`xalign testsets`: list the public gold sets, show one, check a download."""

from __future__ import annotations

from pathlib import Path

import click

from xalign.cli.options import FOLDER
from xalign.score.testsets import PREPARED, TestSet, all_testsets, find_testset


@click.command()
@click.argument("name", required=False)
@click.argument("folder", type=FOLDER, required=False)
def testsets(name: str | None, folder: Path | None) -> None:
    """List the public gold sets, show one, or check a download of it.

    \b
    Examples:
      xalign testsets
      xalign testsets de-en
      xalign testsets de-en alignment-test-sets/
      xalign eval --testset de-en alignment-test-sets/ --model mini

    Nothing is downloaded. FOLDER is where you put the download: the files are found by their names, compared with the
    published ones where their checksums are known, and counted.
    """
    if name is None:
        click.echo(_table())
        return
    testset = find_testset(name)
    click.echo(_described(testset) if folder is None else _checked(testset, folder))


def _table() -> str:
    rows = [("name", "pairs", "sure", "possible", "licence", "")]
    rows += [
        (each.name, f"{each.pairs:,}", f"{each.sure:,}", f"{each.possible:,}", each.licence, each.title)
        for each in all_testsets().values()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    lines = []
    for name, pairs, sure, possible, licence, title in rows:
        numbers = "  ".join(
            text.rjust(width) for text, width in zip((pairs, sure, possible), widths[1:4], strict=True)
        )
        lines.append(f"{name:{widths[0]}}  {numbers}  {licence:{widths[4]}}  {title}".rstrip())
    return "\n".join(lines)


def _described(testset: TestSet) -> str:
    source, target = testset.languages
    links = f"{testset.sure:,} sure" + (f", {testset.possible:,} possible" if testset.possible else "")
    lines = [
        f"{testset.name}: {testset.title}",
        f"  text       {source} to {target}, {testset.pairs:,} sentence pairs, {links}",
        f"  licence    {testset.licence}",
        f"  where      {testset.where}",
    ]
    if testset.notes:
        lines.append(f"  notes      {testset.notes}")
    lines.append("  files")
    for layout in (*testset.layouts, PREPARED):
        lines.append(f"             {', '.join(layout.files)}")
    if testset.sha256:
        lines.append("  sha256")
        lines += [f"             {digest}  {name}" for name, digest in testset.sha256.items()]
    if testset.published:
        lines.append("  published AER")
        width = max(len(figure.system) for figure in testset.published)
        lines += [
            f"             {figure.aer:5.1f}  {figure.system:{width}}  {figure.source}"
            for figure in testset.published
        ]
    return "\n".join(lines)


def _checked(testset: TestSet, folder: Path) -> str:
    pairs, gold = testset.read(folder)
    sure = sum(len(alignment.sure) for alignment in gold.alignments)
    possible = sum(len(alignment.possible) for alignment in gold.alignments)
    found = f"{folder}: {len(pairs):,} sentence pairs, {sure:,} sure and {possible:,} possible links"
    if (sure, possible) == (testset.sure, testset.possible):
        return f"{found}, as {testset.name} has them"
    return f"{found}; {testset.name} has {testset.sure:,} and {testset.possible:,}"

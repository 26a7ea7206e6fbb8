"""`xalign symmetrize`: two files of directed links -> one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import click

from xalign.ahead import begun
from xalign.cli.standard import tell
from xalign.errors import FormatError, OptionError
from xalign.files import STANDARD, expect_no_input, name_of, writing
from xalign.formats import WriteOptions, format_pharaoh, iter_alignments
from xalign.links import Alignment
from xalign.symmetrize import SYMMETRIZERS, combine, is_scored

PATH = click.Path(allow_dash=True, path_type=Path)


@click.command()
@click.argument("forward", type=PATH)
@click.argument("backward", type=PATH)
@click.option(
    "--method", type=click.Choice(list(SYMMETRIZERS)), default="grow-diag-final-and", show_default=True
)
@click.option("--reverse", is_flag=True, help="BACKWARD says target-source: flip its links.")
@click.option("--output", "-o", type=PATH, default=STANDARD, help="File to write, compressed by its suffix.")
def symmetrize(forward: Path, backward: Path, method: str, reverse: bool, output: Path) -> None:
    """Combine the links of the two directions, as fast_align's atools does.

    \b
    xalign symmetrize --method grow-diag-final-and forward.align backward.align > both.align
    xalign symmetrize --method intersection --reverse de-en.align en-de.align > both.align

    FORWARD and BACKWARD hold one line of Pharaoh links per sentence pair, both source-target; - is stdin, and
    .gz .xz .bz2 .zst are read as they are. Where both have scores, the score of a link is the mean of those that the
    directions give it.
    """
    if str(forward) == str(backward) == STANDARD:
        raise OptionError('both directions are "-": standard input can be read once')
    expect_no_input(output, [forward, backward])
    directions = begun(_side_by_side(forward, backward, reverse))
    told = False
    with writing(output) as file:
        for one, other in directions:
            if not told and {is_scored(one), is_scored(other)} == {True, False}:
                scored = name_of(forward if is_scored(one) else backward)
                tell(f"Warning: {scored} alone has scores: they are left out")
                told = True
            alignment = combine(one, other, SYMMETRIZERS[method])
            file.write(f"{format_pharaoh(alignment, WriteOptions(scores=True))}\n".encode())


def _side_by_side(forward: Path, backward: Path, reverse: bool) -> Iterator[tuple[Alignment, Alignment]]:
    ahead, back = iter_alignments(forward, "pharaoh"), iter_alignments(backward, "pharaoh", reverse=reverse)
    for number, (one, other) in enumerate(zip_longest(ahead, back), start=1):
        if one is None or other is None:
            shorter, longer = (forward, backward) if one is None else (backward, forward)
            raise FormatError(
                f"{name_of(shorter)} ends after line {number - 1}, but {name_of(longer)} goes on"
            )
        yield one, other

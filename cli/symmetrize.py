"""`xalign symmetrize`: two files of directed links -> one."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from xalign.ahead import begun
from xalign.cli.options import READ, OneOf, base_option, output_option
from xalign.errors import FormatError, OptionError
from xalign.files import STANDARD, expect_outputs, name_of, side_by_side, writing
from xalign.formats import WriteOptions, format_pharaoh, iter_alignments, iter_directions
from xalign.method import Symmetrization
from xalign.symmetrize import SYMMETRIZERS, combine, is_scored

logger = logging.getLogger("xalign")


@click.command()
@click.argument("forward", type=READ)
@click.argument("backward", type=READ, required=False)
@click.option(
    "--method",
    type=OneOf(Symmetrization),
    default="grow-diag-final-and",
    show_default=True,
    help="How the links of both directions are combined.",
)
@click.option("--reverse", is_flag=True, help="The links in BACKWARD are target-source: swap them.")
@base_option("", "both files count")
@output_option
def symmetrize(
    forward: Path,
    backward: Path | None,
    method: Symmetrization,
    reverse: bool,
    one_based: bool | None,
    output: Path,
) -> None:
    """Combine the links of the two directions, as fast_align's atools does.

    \b
    Examples:
      xalign symmetrize --method grow-diag-final-and forward.align backward.align > both.align
      xalign symmetrize --reverse de-en.A3.final en-de.A3.final > both.align
      xalign symmetrize --method union both.bal > both.align

    FORWARD and BACKWARD have the links of the same sentence pairs, source-target, in any readable format
    (docs/formats.md); - is standard input. A bal file contains both directions. The output is Pharaoh. If both
    directions have scores, a link in both gets the mean of its two scores. Possible links count as sure.
    """
    if str(forward) == str(backward) == STANDARD:
        raise OptionError('both directions are "-": standard input can be read once')
    expect_outputs([output], [forward, backward])
    if backward is None:
        if reverse or one_based is not None:
            raise OptionError("--reverse and --one-based are for two files")
        directions = begun(iter_directions(forward))
    else:
        ahead = iter_alignments(forward, one_based=one_based)
        back = iter_alignments(backward, one_based=one_based, reverse=reverse)
        directions = begun(side_by_side((forward, backward), ahead, back, "pair", FormatError))
    with writing(output) as file:
        for one, other in directions:
            if {is_scored(one), is_scored(other)} == {True, False}:
                scored = name_of(forward if is_scored(one) else backward or forward)
                logger.warning("%s alone has scores: they are left out", scored)
            alignment = combine(one, other, SYMMETRIZERS[method])
            file.write(f"{format_pharaoh(alignment, WriteOptions(scores=True))}\n".encode())

"""`xalign encode`: text -> a file of hidden states."""

from __future__ import annotations

from pathlib import Path

import click

from xalign.cli.help import SectionedCommand
from xalign.cli.options import FLOATING, READ, WRITTEN, device_option, dtype_option, line_option, trust_option
from xalign.cli.values import MODEL, layer_list
from xalign.models import DEFAULT


@click.command(cls=SectionedCommand)
@click.argument("text", type=READ)
@click.option(
    "--layers",
    metavar="LIST",
    required=True,
    help="Layers to write: all, or numbers such as 8,9; 0 = embeddings.",
)
@click.option(
    "--output",
    "-o",
    required=True,
    type=WRITTEN,
    help="File to write: .safetensors or .npz.",
)
@click.option(
    "--model", type=MODEL, default=DEFAULT, show_default=True, help="A preset, folder, archive or hub id."
)
@click.option("--lang", metavar="CODE", help="Language of the text, for models that need it.")
@click.option(
    "--batch-tokens",
    type=click.IntRange(min=1),
    default=4096,
    show_default=True,
    metavar="N",
    help="Padded subwords in a batch.",
)
@line_option
@device_option
@dtype_option("float32", FLOATING, help="Precision of the arithmetic; the file always holds float32.")
@trust_option
def encode(
    text: Path,
    layers: str,
    output: Path,
    model: str,
    lang: str | None,
    batch_tokens: int,
    longest_line: int,
    device: str,
    dtype: str,
    trust_remote_code: bool,
) -> None:
    """Write an encoder's hidden states to a file.

    \b
    Examples:
      xalign encode text.de --layers 2,3 -o states.safetensors
      xalign encode text.de --model xlm-align --layers all -o states.npz

    TEXT has one sentence per line; - is standard input. The file has an array per layer (layer_2, layer_3) with a row
    for each subword of all sentences, except special ones. word_index gives the word of its sentence that each subword
    belongs to. Sentence k has the rows from sentence_offsets[k] up to sentence_offsets[k + 1].
    """
    from xalign.device import choose_device, choose_dtype
    from xalign.encoders.families import load_encoder
    from xalign.files import expect_outputs, read_lines, skip_long
    from xalign.models import resolve
    from xalign.states import check_suffix, hidden_states
    from xalign.text.sentences import words

    check_suffix(output)
    expect_outputs([output], [text])
    sentences = [words(line) for line in read_lines(text, longest_line, skip_long)]
    place = choose_device(device)
    precision = choose_dtype(dtype, place)
    encoder = load_encoder(resolve(model), place, precision, trust_remote_code=trust_remote_code)
    chosen = layer_list(layers, encoder.layers)
    hidden_states(encoder, sentences, chosen, lang, batch_tokens).save(output)

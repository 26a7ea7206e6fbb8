"""Lines of text <-> alignments, in the formats that aligners, gold sets and their users exchange.

    pharaoh   one line per pair: "0-0 1-2" sure, "1p2" possible, "0-0:0.93 ||| 0.81" with scores
    talp      pharaoh with words numbered from 1
    tsv       source, target and pharaoh links between tabs (XL-WA, OpusTrainer)
    jsonl     {"src": [...], "tgt": [...], "links": [[0, 0], ...], ...}
    naacl     one line per link: pair, source word, target word, S or P (WPT 2003; Mihalcea & Pedersen)
    giza      three lines per pair, as GIZA++ and MGIZA write them (*.A3.final)
    tsinghua  one line per pair: "1:1/1" sure, "1:2/0" possible, or probabilities
    rwth      one line per link, "S 1 1", below "SENT: 0"
    bal       both directions in three lines per pair, as symal reads them; read only
    words     pairs of words instead of numbers; write only
    detokenized  what is linked as it stands in the text; write only

Each format has a file with its parser and its writer; both are pure functions of text. files.py opens a file, once,
detects its format, and says where in it an error is. aligned.py combines links with their text, and checks them.
docs/formats.md describes each format for users. Does not: drop links, except those to the NULL word.
"""

from .aligned import OUTSIDE as OUTSIDE
from .aligned import iter_aligned as iter_aligned
from .aligned import iter_with_text as iter_with_text
from .entry import WriteOptions as WriteOptions
from .entry import Writer as Writer
from .files import FORMATS as FORMATS
from .files import READABLE as READABLE
from .files import WRITERS as WRITERS
from .files import Format as Format
from .files import detect_format as detect_format
from .files import iter_alignments as iter_alignments
from .files import iter_directions as iter_directions
from .files import read_alignments as read_alignments
from .files import read_links as read_links
from .jsonl import parse_jsonl as parse_jsonl
from .naacl import parse_naacl as parse_naacl
from .pharaoh import format_pharaoh as format_pharaoh
from .pharaoh import parse_pharaoh as parse_pharaoh

"""Every parser of what strangers write -> a function of bytes that must end quickly, in a result or an XalignError.

`fuzz.py` runs them by the million; tests/test_untrusted_input.py runs each on some hundreds of inputs. A parser that is
new gets a line here. Does not: neural networks; what they make of text is tested in tests/.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import zstandard
from fuzz_parquet import parquet_files, read_parquet

from xalign.files import read_lines, skip_long
from xalign.formats import FORMATS, READABLE, WRITERS, WriteOptions, detect_format
from xalign.links import Alignment
from xalign.project import FORMATS as ANNOTATED
from xalign.project import Rules, project, read_annotated
from xalign.text.line_filter import located
from xalign.text.marks import Marks, find_marks, join
from xalign.text.sentences import FORMS, read_files, read_stream
from xalign.text.tokenization import TOKENIZERS, tokenize

Parser = Callable[[bytes], object]


class Target(NamedTuple):
    """`parser`: a folder for its files -> the parser. `seeds`: inputs from which others are made."""

    parser: Callable[[Path], Parser]
    seeds: tuple[bytes, ...]


def lines_of(content: bytes) -> list[str]:
    """The lines as `read_lines` gives them; what is not UTF-8 has been refused there."""
    return content.decode(errors="replace").split("\n")


def in_file(name: str, parse: Callable[[Path], object], folder: Path) -> Parser:
    """A parser of files as one of bytes."""
    path = folder / name

    def of_bytes(content: bytes) -> object:
        path.write_bytes(content)
        return parse(path)

    return of_bytes


# Files of text, plain and compressed.

TEXT = (
    "\ufeffdas Haus\r\n\n\u2028ein\x00 \u0301Wort \U0001f600\n".encode() + b"no \xff UTF-8\n" + b"long " * 30
)
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": partial(gzip.compress, mtime=0),
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}


def read_text(path: Path) -> None:
    for line in read_lines(path, 100, lambda error: None):
        line.encode()


def read_both(path: Path) -> list[Any]:
    return list(read_files(path, path, 100, skip_long))


# Links.

LINKS = {
    "pharaoh": (
        "0-0 1-2",
        "0-0 1p2 3?4",
        "0-0:0.93 1-1/5e-1 ||| 0.81",
        "a b ||| c ||| 0-0 ||| -3.5",
        "21--100",
    ),
    "talp": ("1-1 3p2",),
    "tsv": ("das Haus\tthe house\t0-0 1-1\t0.5", "a\tb\t"),
    "jsonl": (
        '{"src": ["das", "Haus"], "tgt": "the house", "links": [[0, 0], [1, 1]], "possible": [[1, 1]], '
        '"scores": [0.5, 1e-3], "score": 0.25}',
        '{"links": [[0, 9e99], [-1, true]]}',
        r'{"src": "\ud83d\ude00", "tgt": "\ud800", "links": []}',
    ),
    "naacl": ("1 1 1 S\n0007 2 1 P 0.5\n1 0 3",),
    "giza": (
        "# Sentence pair (1) source length 2 target length 2 alignment score : 1\nthe house\n"
        "NULL ({ 2 }) das ({ 1 }) Haus ({ }) ",
    ),
    "tsinghua": ("1:1/1 2:3/0", "1:1/0.5"),
    "rwth": ("SENT: 0\nS 1 1\nP 2 1\n\nSENT: 1\nS 3 0",),
    "bal": ("1\n3 the small house # 1 0 2\n2 das Haus # 1 3\n1\n1 yes # 1\n1 ja # 1",),
}
ALL_WRITE = WriteOptions(scores=True)


def read_links(name: str, content: bytes) -> None:
    """Read links, by a format or by the one that is detected, and write them; those with text in every format."""
    lines = lines_of(content)
    form = FORMATS[name if name != "auto" else detect_format(lines[0])]
    assert form.read is not None
    for number, entry in enumerate(form.read(lines, form.first == 1), start=1):
        if entry.pair is None:
            continue
        alignment = entry.alignment.within(len(entry.pair.source), len(entry.pair.target))
        for write in WRITERS.values():
            write(entry.pair, alignment, number, ALL_WRITE).encode()


# Sentences.

SENTENCES = {
    "bars": ("das Haus ||| the house", "a | b || c |||\r", "\ufeffa ||| \ufeffb\n\n|||"),
    "tsv": ("das Haus\r\tthe house\t0.5", "0.93\ta\tb", "\ufeffa\t\ufeffb\n\n \t"),
    "jsonl": (
        '{"src": "das Haus \\r", "tgt": ["the", "house"]}',
        r'{"src": "\ud83d\ude00", "tgt": "\ud800"}',
    ),
}


def read_sentences(form: str | None, path: Path) -> None:
    for pair in read_stream(path, form, longest=1000, on_broken=lambda error: None):
        " ".join((*pair.source, *pair.target)).encode()


# Annotation that is carried over to a translation.

ANNOTATIONS = {
    "iob": ("Angela B-PER\nMerkel I-PER\nvisited O\n\n# id = 1\n-DOCSTART- O\nx\tS-LOC\ny\tU-A\nz\tL-A",),
    "conllu": (
        "# text = ab c\n1-2\tab\t_\t_\t_\t_\t_\t_\t_\t_\n1\ta\ta\tNOUN\tNN\tA=B\t2\tnsubj\t_\tSpaceAfter=No\n"
        "2\tb\tb\tVERB\tVB\t_\t0\troot\t_\t_\n2.1\tc\tc\tX\t_\t_\t_\t_\t_\t_",
    ),
    "offsets": (
        '{"text": "Angela Merkel visited Paris.", "spans": [[0, 13, "PER"], {"start": 22, "end": 27, "label": "LOC"}]}',
        r'{"src": "a \ud83d\ude00", "ents": [[2, 3, "\ud800"]], "meta": "\udfff"}',
    ),
    "markup": (
        "Click <b>the <i class='x'>red</i> button</b><br/> to delete {0} &amp; %s",
        '<bpt id="1">&lt;b&gt;</bpt>a</x> <!-- b --> <a href="c>d"><![CDATA[e]]></A> {{ f }} $g',
    ),
}
TRANSLATION = tokenize("The old , red button {0} of a house !", "whitespace")
DIAGONAL = Alignment.of((k, k) for k in range(5))


def carry(form: str, path: Path) -> None:
    for sentence in read_annotated(path, form):
        links = DIAGONAL.within(len(sentence.words), len(TRANSLATION))
        for carried in project([(sentence, TRANSLATION, links)], form, Rules(columns=("UPOS", "FEATS"))):
            carried.text.encode()
            str(carried.lost)


# Words and pieces.

PIECES = (
    "▁das ▁Ha us ▁ ? <0xC3><0xA4>",
    "das Ha@@ us @@",
    "das Ha ##us ##",
    "ĠHa us Ã¤",
    "Ha￭ us ￭",
    "das</w> l ' eau</w>",
)


def split_words(content: bytes) -> None:
    text = content.decode(errors="replace").replace("\n", " ")
    for manner in TOKENIZERS:
        tokenize(text, manner)


def find_words(content: bytes) -> object:
    text, _, line = content.decode(errors="replace").partition("\n")
    return located(text, line)


def join_pieces(content: bytes) -> None:
    pieces = [piece for piece in content.decode(errors="replace").split(" ") if piece]
    for marks in {find_marks([pieces]), *Marks} - {None}:
        words, _ = join(pieces, marks)
        " ".join(words).encode()


# Files of a checkpoint.

CONFIG = {
    "model_type": "bert", "vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 16, "max_position_embeddings": 32, "type_vocab_size": 2, "pad_token_id": 0,
    "layer_norm_eps": 1e-12, "hidden_dropout_prob": 0.1, "auto_map": {"AutoModel": "own.Model"},
}  # fmt: skip
TOKENIZER = {
    "added_tokens": [{"id": 0, "content": "<s>"}],
    "normalizer": {
        "type": "Sequence",
        "normalizers": [
            {"type": "Replace", "pattern": {"Regex": " {2,}|(a+)?"}, "content": "▁"},
            {"type": "Precompiled", "precompiled_charsmap": "BAAAAAAAAABhAGIA"},
            {"type": "Prepend", "prepend": "▁"},
        ],
    },
    "pre_tokenizer": {"type": "Split", "pattern": {"Regex": r"\s?\p{L}+|[^\s\p{L}]+(?!\S)"}},
}
SPECIALS = {
    "sep_token": "</s>",
    "cls_token": {"content": "<s>"},
    "added_tokens_decoder": {"5": {"content": "w"}},
}
CALIBRATION = {
    "link": {"slope": 0.8, "intercept": 0.2},
    "pair": {"weights": [0.1, -2e3], "similarity": 0.4, "bias": -3.1},
}
PRESET = {
    "name": "x", "family": "auto", "checksums": {"a": "b"}, "encode": "pair", "positions": "restart", "layer": 3,
    "segments": False, "window": 256, "extract": "argmax", "threshold": 0.5, "symmetrize": None,
    "languages": ["de"], "description": "x",
}  # fmt: skip


def as_json(*values: object) -> tuple[bytes, ...]:
    return tuple(json.dumps(value).encode() for value in values)


def read_preset(path: Path) -> object:
    from xalign.models.preset import Preset

    return Preset.from_file(path, "x").to_json().encode()


def read_calibration(path: Path) -> object:
    from xalign.calibration import Calibration

    return Calibration.beside(path.parent)


def check(path: Path) -> None:
    """A config.json, or another small file beside one."""
    from xalign.encoders.folder import check_folder, refuse_code

    if path.name != "config.json":
        (path.parent / "config.json").write_bytes(*as_json({"model_type": "unknown"}))
    for known in (frozenset[str](), frozenset(["bert"])):
        check_folder(path.parent, known)
    refuse_code(path.parent)


# Sets, tables, progress.


def read_testset(path: Path) -> object:
    from xalign.score.testsets import Layout, TestSet

    layout = Layout(gold=path.name)
    made = TestSet("x", "x", ("de", "en"), 2, 0, 0, "x", "x", layouts=(layout,))
    return made.read(path.parent)


def read_state(path: Path) -> object:
    from xalign.cli.job import State

    return State.read(path, path)


STATE = {"made_by": {"xalign": "0.1.0"}, "pairs": 5, "text": "00ff", "size": 20, "waiting": "0-0\n"}


def _folded(name: str, file: str, parse: Callable[[Path], object]) -> Callable[[Path], Parser]:
    def parser(folder: Path) -> Parser:
        own = folder / name
        own.mkdir(exist_ok=True)
        return in_file(file, parse, own)

    return parser


def _of_lines(parse: Parser) -> Callable[[Path], Parser]:
    return lambda folder: parse


def _encoded(texts: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(text.encode() for text in texts)


def _all() -> Iterator[tuple[str, Target]]:
    for suffix, compress in COMPRESS.items():
        name = f"text{suffix}"
        whole = compress(TEXT)
        yield (
            name,
            Target(
                _folded(name, name, read_text), (whole, whole[: len(whole) // 2], whole + whole, whole + b"x")
            ),
        )
    yield "two files", Target(_folded("two", "text", read_both), (TEXT,))
    for form in READABLE:
        yield f"links {form}", Target(_of_lines(partial(read_links, form)), _encoded(LINKS[form]))
    every = _encoded(text for texts in LINKS.values() for text in texts)
    yield "links auto", Target(_of_lines(partial(read_links, "auto")), every)
    for form in FORMS:
        yield (
            f"sentences {form}",
            Target(_folded("s", "text", partial(read_sentences, form)), _encoded(SENTENCES[form])),
        )
    both = _encoded(text for texts in SENTENCES.values() for text in texts)
    yield "sentences auto", Target(_folded("s", "text", partial(read_sentences, None)), both)
    yield "parquet", Target(_folded("pq", "text.parquet", read_parquet), parquet_files())
    for form in ANNOTATED:
        yield (
            f"annotation {form}",
            Target(_folded("a", "text", partial(carry, form)), _encoded(ANNOTATIONS[form])),
        )
    yield (
        "words",
        Target(
            _of_lines(split_words), _encoded([*ANNOTATIONS["markup"], "C'est l'été, U.S. isn't 房子 a-b ..."])
        ),
    )
    yield "words of a command", Target(_of_lines(find_words), (b'He said "no".\nhe said &quot; no &quot; .',))
    yield "pieces", Target(_of_lines(join_pieces), _encoded(PIECES))
    yield "xalign.json", Target(_folded("p", "xalign.json", read_preset), as_json(PRESET))
    yield "calibration.json", Target(_folded("c", "calibration.json", read_calibration), as_json(CALIBRATION))
    yield "config.json", Target(_folded("config", "config.json", check), as_json(CONFIG))
    yield "tokenizer.json", Target(_folded("tokenizer", "tokenizer.json", check), as_json(TOKENIZER))
    specials = "tokenizer_config.json"
    yield specials, Target(_folded("specials", specials, check), as_json(SPECIALS))
    yield "testset", Target(_folded("t", "gold", read_testset), (b"a b\tc d\t0-0 1p1\t\na\tb\t0-0",))
    yield "state", Target(_folded("state", "x.state", read_state), as_json(STATE))


TARGETS: dict[str, Target] = dict(_all())

"""Lines of text <-> alignments, in the formats that aligners, gold sets and their users exchange.

    pharaoh   one line per pair: "0-0 1-2" sure, "1p2" possible, "0-0:0.93 ||| 0.81" with scores
    talp      pharaoh with words numbered from 1
    tsv       source, target and pharaoh links between tabs (XL-WA)
    jsonl     {"src": [...], "tgt": [...], "links": [[0, 0], ...], ...}
    naacl     one line per link: pair, source word, target word, S or P (WPT 2003; Mihalcea & Pedersen)
    giza      three lines per pair, as GIZA++ and MGIZA write them (*.A3.final); read only
    words     pairs of words instead of numbers; write only

Pure functions of text but for `iter_alignments`, `read_alignments` and `read_gold`, which open a file, once, and say
where in it an error is. docs/formats.md describes each format for users. Does not: check links against the text
(plausibility.py), or drop any but those to the NULL word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import FormatError, OptionError
from .files import name_of, read_lines
from .links import Alignment, Link

if TYPE_CHECKING:
    from .sentences import SentencePair

_NUMBER = r"-?\d{1,9}"  # longer ones are no word numbers, and int() refuses those of thousands of digits
_SCORE = r"-?\d[\d.eE+-]*"
# Most lines of most files, worth a short cut: whole corpora come through here.
_PLAIN_LINKS = re.compile(r"\d{1,9}-\d{1,9}(?: \d{1,9}-\d{1,9})*\s*", re.ASCII)
_PHARAOH_LINK = re.compile(rf"({_NUMBER})([-p])({_NUMBER})(?::({_SCORE}))?", re.ASCII)
_NAACL_LINE = re.compile(
    rf"(\d{{1,9}})\s+({_NUMBER})\s+({_NUMBER})(?:\s+([SP]))?(?:\s+({_SCORE}))?", re.ASCII
)
_GIZA_HEADER = re.compile(r"# Sentence pair \((\d{1,9})\)", re.ASCII)
_GIZA_WORD = re.compile(r"(\S+) \(\{((?: \d{1,9})*) \}\)\s*", re.ASCII)
_SPACE = re.compile(r"[ \t\r\n]")
_NO_BREAK_SPACE = "\u00a0"
_LONGEST_LINE = 32_000_000  # bytes: a line of JSON may have thirty times those of its text


class _Row(NamedTuple):
    """One link as a file gives it, already numbered from 0."""

    link: Link
    possible: bool = False
    score: float | None = None


def _alignment(rows: Iterable[_Row], score: float | None = None) -> Alignment:
    """Scores of links are kept where all links of the pair have one."""
    rows = list(rows)
    sure = (row.link for row in rows if not row.possible)
    possible = (row.link for row in rows if row.possible)
    alignment = Alignment.of(sure, possible)
    scores = {row.link: row.score for row in rows if row.score is not None}
    if not scores or len(scores) < len(alignment.links):
        return alignment if score is None else replace(alignment, score=score)
    return replace(alignment, scores=tuple(scores[link] for link in alignment.links), score=score)


def _shown(text: str) -> str:
    """The start of what was found, for a message of one line."""
    text = text.strip()
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


# One line, one pair.


def parse_pharaoh(line: str, one_based: bool = False) -> Alignment:
    """Read one line of links, fast_align's variants with text and score beside them included.

    >>> parse_pharaoh("1p2 0-0").possible
    frozenset({Link(source=1, target=2)})
    >>> parse_pharaoh("das Haus ||| the house ||| 0-0 1-1 ||| -3.5").score
    -3.5
    """
    if _PLAIN_LINKS.fullmatch(line):
        numbers = [int(number) - one_based for number in line.replace("-", " ").split()]
        return Alignment(tuple(sorted(set(map(Link, numbers[::2], numbers[1::2])))))
    fields = line.split("|||")
    if len(fields) > 4:
        raise FormatError(f'expected "links", or "source ||| target ||| links", found {len(fields)} fields')
    links = fields[0] if len(fields) < 3 else fields[2]
    score = _number(fields[-1]) if len(fields) in (2, 4) else None
    return _alignment(_pharaoh_rows(links, one_based), score)


def _pharaoh_rows(links: str, one_based: bool) -> Iterator[_Row]:
    base = int(one_based)
    for text in links.split():
        match = _PHARAOH_LINK.fullmatch(text)
        if match is None:
            raise FormatError(f"expected links such as 0-0 or 1p2, found {_shown(text)}")
        source, kind, target, score = match.groups()
        link = Link(int(source) - base, int(target) - base)
        yield _Row(link, kind == "p", None if score is None else _number(score))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise FormatError(f"expected a score, found {_shown(text)}") from None


def parse_talp(line: str, one_based: bool = True) -> Alignment:
    """Pharaoh links, numbered from 1 unless told otherwise."""
    return parse_pharaoh(line, one_based)


def parse_tsv(line: str, one_based: bool = False) -> Alignment:
    """Read "source, tab, target, tab, links", with a fourth column for the score of the pair or without."""
    fields = line.split("\t")
    if len(fields) not in (3, 4):
        raise FormatError(f"expected source, target and links between tabs, found {len(fields)} columns")
    score = _number(fields[3]) if len(fields) == 4 else None
    return _alignment(_pharaoh_rows(fields[2], one_based), score)


def parse_jsonl(line: str, one_based: bool = False) -> Alignment:
    """Read an object with "links", a list of pairs; "possible", "scores" and "score" where it has them."""
    base = int(one_based)
    try:
        fields = json.loads(line)
        links = _json_links(fields["links"], base)
        possible = frozenset(_json_links(fields.get("possible", []), base))
        scores = [float(score) for score in fields["scores"]] if "scores" in fields else [None] * len(links)
        rows = [_Row(link, link in possible, score) for link, score in zip(links, scores, strict=True)]
        return _alignment(rows, float(fields["score"]) if "score" in fields else None)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise FormatError(
            f'expected {{"links": [[0, 0], ...], ...}}, with as many "scores": {error}'
        ) from None


def _json_links(pairs: Iterable[tuple[int, int]], base: int) -> list[Link]:
    return [Link(index(source) - base, index(target) - base) for source, target in pairs]


# Pairs by number, over several lines.


def parse_naacl(lines: Iterable[str], one_based: bool = True) -> dict[int, Alignment]:
    """Read links by the number of their pair, in the order in which numbers appear.

    A position 0 on one side is the NULL word of files numbered from 1: such a line is no link. Zeros on both
    sides cannot be meant so; they stay, as links to word -1, for plausibility.py to wonder about.

    >>> parse_naacl(["0007 1 1 S", "0007 2 1 P", "0009 1 0"])[7].sure
    frozenset({Link(source=0, target=0)})
    """
    pairs: dict[int, list[_Row]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            pair, row = _naacl_row(line.strip(), one_based)
        except FormatError as error:
            raise FormatError(f"line {number}: {error}") from None
        rows = pairs.setdefault(pair, [])
        if row is not None:
            rows.append(row)
    return {pair: _alignment(rows) for pair, rows in pairs.items()}


def _naacl_row(line: str, one_based: bool) -> tuple[int, _Row | None]:
    """(number of the pair, its link unless that is one to NULL)"""
    match = _NAACL_LINE.fullmatch(line)
    if match is None:
        raise FormatError(f'expected "pair source target [S|P]", found {_shown(line)}')
    pair, source, target, kind, score = match.groups()
    link = Link(int(source) - one_based, int(target) - one_based)
    if one_based and (link.source == -1) != (link.target == -1):
        return int(pair), None
    return int(pair), _Row(link, kind == "P", None if score is None else _number(score))


def parse_giza(lines: Iterable[str], one_based: bool = True) -> dict[int, Alignment]:
    """Read links by the number of their pair, in order of the numbers: MGIZA's parts come mixed and repeated.

    The third line of a pair holds the source words, NULL first, each with the target words linked to it.
    """
    base = int(one_based)
    pairs: dict[int, Alignment] = {}
    numbered = enumerate(lines, start=1)
    for number, line in numbered:
        if not line.strip():
            continue
        header = _GIZA_HEADER.match(line)
        if header is None:
            raise FormatError(f'line {number}: expected "# Sentence pair (1) ...", found {_shown(line)}')
        next(numbered, None)
        number, words = next(numbered, (number, ""))
        try:
            alignment = _alignment(_Row(link) for link in _giza_links(words, base))
        except FormatError as error:
            raise FormatError(f"line {number}: {error}") from None
        pair = int(header[1])
        if pairs.setdefault(pair, alignment) != alignment:
            raise FormatError(f"line {number}: pair {pair} stands here a second time, with other links")
    return dict(sorted(pairs.items()))


def _giza_links(words: str, base: int) -> Iterator[Link]:
    position = 0
    source = -1  # the NULL word
    while match := _GIZA_WORD.match(words, position):
        if source >= 0:
            yield from (Link(source, int(target) - base) for target in match[2].split())
        position = match.end()
        source += 1
    if position == 0 or position < len(words.rstrip()):
        raise FormatError(f'expected "NULL ({{ 3 }}) word ({{ 1 2 }}) ...", found {_shown(words[position:])}')


# Files.

_LINE_PARSERS: dict[str, Callable[..., Alignment]] = {
    "pharaoh": parse_pharaoh,
    "talp": parse_talp,
    "tsv": parse_tsv,
    "jsonl": parse_jsonl,
}
_FILE_PARSERS: dict[str, Callable[..., dict[int, Alignment]]] = {"naacl": parse_naacl, "giza": parse_giza}
READABLE = (*_LINE_PARSERS, *_FILE_PARSERS)


def detect_format(line: str) -> str:
    """The format of a file, from its first line that is not empty.

    Talp looks like pharaoh: only its reader knows from where words are numbered.

    >>> detect_format("1 2 2 P"), detect_format("0-0 1-2"), detect_format("ein Haus\\ta house\\t0-0 1-1")
    ('naacl', 'pharaoh', 'tsv')
    """
    if _NAACL_LINE.fullmatch(line.strip()):
        return "naacl"
    if _GIZA_HEADER.match(line):
        return "giza"
    if line.startswith("{"):
        return "jsonl"
    first, *others = line.split("\t")
    return "tsv" if len(others) > 1 and not _PHARAOH_LINK.fullmatch(first.strip()) else "pharaoh"


def iter_alignments(
    path: Path | str,
    format: str = "auto",
    one_based: bool | None = None,
    reverse: bool = False,
    sentences: int | None = None,
    numbers: Sequence[int] | None = None,
) -> Iterator[Alignment]:
    """Read a file, one alignment per sentence pair; line by line where the format is one line per pair.

    `one_based`: words are numbered from 1; None takes what is usual for the format. `reverse`: the file says
    target before source. `sentences`: how many pairs there are, where that is known. It matters for naacl,
    where a pair without links has no line: the k-th number belongs to the k-th pair, as gold sets have it,
    unless there are fewer numbers than pairs; then numbers from 1 count the pairs, as xalign writes them. `numbers`:
    those of the pairs, in order, where another file of the same pairs gives them; naacl is then read by number.
    """
    if format not in ("auto", *READABLE):
        raise OptionError(f"unknown format {format!r}: choose one of auto, {', '.join(READABLE)}")
    name, lines = _detected(path, format)
    base = {} if one_based is None else {"one_based": one_based}
    with _naming(path):
        for alignment in _parse(name, lines, base, sentences, numbers):
            yield alignment.reversed() if reverse else alignment


def read_alignments(
    path: Path | str,
    format: str = "auto",
    one_based: bool | None = None,
    reverse: bool = False,
    sentences: int | None = None,
    numbers: Sequence[int] | None = None,
) -> list[Alignment]:
    """All of `iter_alignments`."""
    return list(iter_alignments(path, format, one_based, reverse, sentences, numbers))


def read_gold(
    path: Path | str, one_based: bool | None = None, sentences: int | None = None
) -> tuple[list[Alignment], list[int] | None]:
    """All of `iter_alignments`, and of a naacl file the numbers of its pairs, as `numbers` takes them.

    Both from one reading, since a pipe has no second.
    """
    name, lines = _detected(path, "auto")
    base = {} if one_based is None else {"one_based": one_based}
    with _naming(path):
        if name != "naacl":
            return list(_parse(name, lines, base, sentences, None)), None
        pairs = parse_naacl(lines, **base)
        return list(_in_order(pairs, sentences)), list(pairs)


def _detected(path: Path | str, format: str) -> tuple[str, Iterator[str]]:
    """(name of the format, lines of the file)"""
    lines = read_lines(path, _LONGEST_LINE)
    if format != "auto":
        return format, lines
    head = []
    for line in lines:
        head.append(line)
        if line.strip():
            break
    return detect_format(head[-1] if head else ""), chain(head, lines)


@contextmanager
def _naming(path: Path | str) -> Iterator[None]:
    try:
        yield
    except FormatError as error:
        raise FormatError(f"{name_of(path)} {error}") from None


def _parse(
    format: str,
    lines: Iterable[str],
    base: dict[str, bool],
    sentences: int | None,
    numbers: Sequence[int] | None,
) -> Iterator[Alignment]:
    if format in _FILE_PARSERS:
        pairs = _FILE_PARSERS[format](lines, **base)
        if format == "naacl" and numbers is not None and pairs.keys() <= set(numbers):
            yield from (pairs.get(number, Alignment()) for number in numbers)
        else:
            yield from _in_order(pairs, sentences)
        return
    parse = _LINE_PARSERS[format]
    for number, line in enumerate(lines, start=1):
        try:
            yield parse(line, **base)
        except FormatError as error:
            raise FormatError(f"line {number}: {error}") from None


def _in_order(pairs: dict[int, Alignment], sentences: int | None) -> Iterable[Alignment]:
    if sentences is None or len(pairs) >= sentences or not all(1 <= number <= sentences for number in pairs):
        return pairs.values()
    return (pairs.get(number, Alignment()) for number in range(1, sentences + 1))


# Writing.


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """`scores`: of links and of the pair, where the alignment has them. `one_based`: number words from 1."""

    scores: bool = False
    one_based: bool = False


def format_pharaoh(alignment: Alignment, options: WriteOptions = WriteOptions()) -> str:
    """What `parse_pharaoh` reads, without a newline; empty where there are no links, whatever their score.

    >>> format_pharaoh(Alignment.of([(0, 0)], [(1, 2)]))
    '0-0 1p2'
    """
    links = " ".join(_link_texts(alignment, options))
    if links and options.scores and alignment.score is not None:
        return f"{links} ||| {alignment.score:.4f}"
    return links


def _link_texts(alignment: Alignment, options: WriteOptions) -> list[str]:
    base = int(options.one_based)
    possible = alignment.possible
    links = [
        f"{link.source + base}{'p' if link in possible else '-'}{link.target + base}"
        for link in alignment.links
    ]
    if not options.scores or alignment.scores is None:
        return links
    return [f"{link}:{score:.4f}" for link, score in zip(links, alignment.scores, strict=True)]


def write_pharaoh(pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions) -> str:
    return format_pharaoh(alignment, options) + "\n"


def write_talp(pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions) -> str:
    return format_pharaoh(alignment, replace(options, one_based=True)) + "\n"


def write_tsv(pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions) -> str:
    columns = [_column(pair.source), _column(pair.target), " ".join(_link_texts(alignment, options))]
    if options.scores and alignment.score is not None:
        columns.append(f"{alignment.score:.4f}")
    return "\t".join(columns) + "\n"


def _column(words: Iterable[str]) -> str:
    """Words between spaces; a space within a word, which JSON lines allow, becomes a no-break space."""
    return " ".join([_SPACE.sub(_NO_BREAK_SPACE, word) or _NO_BREAK_SPACE for word in words])


def write_words(pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions) -> str:
    """Pairs between tabs; two words, and the link's score, between spaces; the score of the pair alone."""
    fields = [_column((pair.source[source], pair.target[target])) for source, target in alignment.links]
    if options.scores and alignment.scores is not None:
        fields = [f"{words} {score:.4f}" for words, score in zip(fields, alignment.scores, strict=True)]
    if fields and options.scores and alignment.score is not None:
        fields.append(f"{alignment.score:.4f}")
    return "\t".join(fields) + "\n"


def write_jsonl(pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions) -> str:
    """Scores are always in it, where the alignment has them."""
    base = int(options.one_based)
    fields: dict[str, Any] = {"src": pair.source, "tgt": pair.target}
    fields["links"] = [(link.source + base, link.target + base) for link in alignment.links]
    if alignment.possible:
        fields["possible"] = [(link.source + base, link.target + base) for link in sorted(alignment.possible)]
    if alignment.scores is not None:
        fields["scores"] = [round(score, 6) for score in alignment.scores]
    if alignment.score is not None:
        fields["score"] = round(alignment.score, 6)
    return json.dumps(fields, ensure_ascii=False) + "\n"


def write_naacl(pair: SentencePair, alignment: Alignment, number: int, options: WriteOptions) -> str:
    """Words are numbered from 1, as everywhere in this format; a link's score is the fifth column."""
    scores = alignment.scores if options.scores else None
    ends = [""] * len(alignment.links) if scores is None else [f" {score:.4f}" for score in scores]
    return "".join(
        f"{number} {link.source + 1} {link.target + 1} {'P' if link in alignment.possible else 'S'}{end}\n"
        for link, end in zip(alignment.links, ends, strict=True)
    )


Writer = Callable[["SentencePair", Alignment, int, WriteOptions], str]
# Name -> writer(pair, alignment, number of the pair from 1, options): whole lines, exactly one but for naacl.
WRITERS: dict[str, Writer] = {
    "pharaoh": write_pharaoh,
    "words": write_words,
    "tsv": write_tsv,
    "jsonl": write_jsonl,
    "naacl": write_naacl,
    "talp": write_talp,
}

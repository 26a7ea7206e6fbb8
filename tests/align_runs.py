"""`xalign align` on a few pairs of all kinds, and what is expected of it."""

import json

import pytest
from click.testing import CliRunner

from xalign.aligner import Aligner
from xalign.cli import main
from xalign.text.sentences import SentencePair

PAIRS = [
    SentencePair.of("Das Haus ist klein .", "The house is small ."),
    SentencePair.of("", "The house"),
    SentencePair.of("Hallo\u2028Welt 10\u00a0000 a\u0000b", "Hello world"),
    SentencePair.of("", ""),
    SentencePair.of("房子 很 小 。", "The garden , behind the house , is big !"),
    SentencePair.of("das Haus " * 60, "the house " * 70),
    SentencePair.of("Haus", ""),
    SentencePair.of("Das Haus", "The house"),
]
SOURCE = "".join(" ".join(pair.source) + "\n" for pair in PAIRS)
TARGET = "".join(" ".join(pair.target) + "\n" for pair in PAIRS)
BARS = "".join(f"{' '.join(pair.source)} ||| {' '.join(pair.target)}\n" for pair in PAIRS)
COLUMNS = BARS.replace(" ||| ", "\t")
STRINGS = "".join(
    json.dumps({"src": " ".join(pair.source), "tgt": " ".join(pair.target)}) + "\n" for pair in PAIRS
)
WORDS = "".join(json.dumps({"src": pair.source, "tgt": pair.target}) + "\n" for pair in PAIRS)


@pytest.fixture(scope="module")
def links(tiny):
    """The links of PAIRS, from the library."""
    aligner = Aligner.load(str(tiny("preset")), device="cpu", dtype="float32")
    return [each.links for each in aligner.align(PAIRS)]


@pytest.fixture
def align(tiny):
    """`align("a.de", "a.en", "--scores")` with the tiny model that has a preset."""

    def run(*arguments, model="preset", **options):
        command = ["align", "--device", "cpu", "--dtype", "float32", *map(str, arguments)]
        if model is not None:
            command += ["--model", str(tiny(model))]
        return CliRunner().invoke(main, command, **options)

    return run


@pytest.fixture
def file(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def pharaoh(links):
    return "".join(" ".join(f"{s}-{t}" for s, t in each) + "\n" for each in links)


def assert_aligned(result, links):
    assert result.stderr == ""
    assert (result.exit_code, result.stdout) == (0, pharaoh(links))


def assert_refused(result, *complaints, lines=0):
    """One line on stderr, exit status 2, no traceback; on stdout so many lines, whole ones."""
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout.count("\n") == lines
    assert result.stdout.endswith("\n") or not lines
    [line] = result.stderr.splitlines()
    assert line.startswith("Error: ")
    for complaint in complaints:
        assert complaint in line

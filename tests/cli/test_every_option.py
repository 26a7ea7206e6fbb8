"""No option is unused: each changes what its command writes or says. What changes nothing is bad usage."""

import contextlib
import json
import logging
import re
import shlex
import shutil
from functools import partial

import click
import pytest
import sentencepiece
from click.testing import CliRunner
from commands import commands
from conftest import REPOSITORY
from option_changes import (
    ALIGN,
    CHANGES,
    CONVERT,
    LEXICON,
    LOOK,
    REFUSED,
    SCORE,
    SHOW,
    SHOWN_BY,
    TAUGHT,
    TRAIN,
)
from tiny_checkpoints import SENTENCES

from xalign.cli import main
from xalign.models import resolve
from xalign.models.preset import PRESET_FILE


@pytest.fixture(scope="module")
def files(tiny, tmp_path_factory):
    """What the command lines name."""
    folder = tmp_path_factory.mktemp("files")
    write = partial(_write, folder)
    sides = {"de": SENTENCES[:4:2], "en": SENTENCES[1:4:2]}
    for suffix, lines in sides.items():
        write(f"a.{suffix}", *lines)
        write(f"raw.{suffix}", *(re.sub(" ([.,!])", r"\1", line) for line in lines))
        write(f"c.{suffix}", *reversed(lines * 3))
        write(f"p.{suffix}", *(re.sub(r"(\w\w)(\w)", r"\1@@ \2", line) for line in lines))
    pairs = list(zip(*sides.values(), strict=True))
    write("pairs.tsv", *map("\t".join, pairs))
    write("pairs.jsonl", *(json.dumps({"de": de, "en": en, "src": de, "tgt": en}) for de, en in pairs))
    folder.joinpath("broken.de").write_bytes(f"{pairs[0][0]}\n".encode() + b"\xff\n")
    write("short", "Das Haus", "Wir")
    write("a.align", "0-0 1-1 2-2 3-3", "0-0 1-5 2-2")
    write("b.align", "0-0 2-1 3-3", "1-5 3-2")
    write("c.align", *["0-0"] * 6)
    write("wide.align", "0-0 0-1", "")
    write("one.align", "1-1 2-3", "1-1 2-2")
    write("gold", "0-0 1-1 2-2 3p3", "0-0 1p5 2-2")
    write("scored.align", "0-0:0.5000 ||| 0.5000", "0-0:0.2500 ||| 0.2500")
    write("a.wa", "1 1 1 S", "1 2 2 S", "2 1 1 S")
    write("zero.wa", "1 0 0 S", "2 0 0 S")
    write("p.align", "0-0 1-1", "0-0")
    write("none.align", "", "")
    tagged = [
        [(word, "B-Y" if k % 2 else "B-X") for k, word in enumerate(line.split())] for line in sides["de"]
    ]
    for name, columns in (
        ("a.iob", "{0}\t{1}\n"),
        ("a.columns", "{0}\t{1}\n"),
        ("swapped.iob", "{1}\t{0}\n"),
    ):
        write(name, *("".join(columns.format(*each) for each in sentence) for sentence in tagged))
    write("gap.iob", "A\tB-X\nB\tI-X\nC\tO\n")
    write("gap.en", "a c b")
    write("gap.align", "0-0 1-2 2-1")
    write("fill.conllu", *("1\tA\t_\tNOUN\t_\t_\t_\t_\t_\t_\n" for _ in range(2)))
    write("fill.en", "a", "a")
    write("fill.align", "0-0", "")
    _sets(folder / "sets")
    with (folder / "spm.model").open("wb") as model:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES * 4),
            model_writer=model,
            vocab_size=120,
            hard_vocab_limit=False,
            minloglevel=2,
        )
    for name, of in (("tiny", "preset"), ("xmod", "xmod"), ("other", "preset")):
        shutil.copytree(tiny(of), folder / name)
    other = resolve(str(folder / "other")).changed(layer=2)
    (folder / "other" / PRESET_FILE).write_text(other.to_json(), encoding="utf-8")
    return folder


def _write(folder, name, *lines):
    (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _sets(folder):
    """A gold set that has as many pairs as the published one."""
    folder.mkdir()
    for name, line in (("src", SENTENCES[2]), ("tgt", SENTENCES[3]), ("gold", "0-0 1-1")):
        _write(folder, name, *[line] * 508)


@pytest.fixture(scope="module")
def outcome(files, tmp_path_factory):
    """`outcome("align a.de a.en")`: what the command did in a folder with the files, each line run once."""
    known = {}

    def run(line):
        if line not in known:
            known[line] = _run(line, files, tmp_path_factory.mktemp("run"))
        return known[line]

    return run


def _run(line, files, folder):
    for path in files.iterdir():
        folder.joinpath(path.name).symlink_to(path)
    level = logging.getLogger("xalign").level
    with contextlib.chdir(folder):
        result = CliRunner().invoke(main, shlex.split(line))
    logging.getLogger("xalign").setLevel(level)
    made = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {
        "exit": result.exit_code,
        "stdout": result.stdout_bytes,
        "stderr": result.stderr,
        **{str(path.relative_to(folder)): _content(path) for path in made},
    }


def _content(path):
    """A log says how long things took."""
    content = path.read_bytes()
    return (
        re.sub(rb'"(subwords_per_second|seconds_per_step)": [0-9.e-]+', b"", content)
        if path.suffix == ".jsonl"
        else content
    )


@pytest.mark.parametrize(
    ("line", "more"), CHANGES, ids=[f"{line.split()[0]} {more}" for line, more in CHANGES]
)
def test_each_option_makes_a_difference(outcome, line, more):
    found = outcome(f"{line} {more}")
    assert found["exit"] == 0 or more in REFUSED, found["stderr"]
    assert found != outcome(line)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (f"{CONVERT} --subwords bpe", "--subwords goes with --join-pieces"),
        (f"{LEXICON} --s2t - --best 1", "--best goes with --shortlist"),
        ("project a.iob a.en --align a.align --layer 1", "--layer does not go with --align"),
        ("project a.iob a.en --align a.align --fill same-word", "--fill goes with --format conllu"),
        ("project fill.conllu a.en --align a.align --gap 2", "--gap does not go with --format conllu"),
        ("project a.iob a.en --align a.align --strategy cover --gap 2", "--gap does not go with --strategy cover"),
        (f"{LOOK} --layer 1", "--layer goes with --model"),
        (f"{LOOK} --gold-one-based", "--gold-one-based goes with --gold"),
        (f"{SHOW} --one-based", "--one-based goes with --align"),
        (f"{SHOW} --reverse", "--reverse goes with --align"),
        ("eval --testset de-en sets --gold-one-based", "--gold-one-based goes with --gold"),
        (f"{TAUGHT} --dev-one-based", "--dev-one-based goes with --dev"),
        (f"{TRAIN} --possible-weight 1", "--possible-weight goes with --links"),
        (f"{TAUGHT} --rounds 3", "--rounds does not go with --links"),
        (f"{TRAIN} --objective so --lexicon-rounds 3", "--lexicon-rounds goes with --objective guided"),
        (f"{TAUGHT} --mask-rate 0.3", "--mask-rate goes with --objective mlm, tlm or dwa"),
        (f"{TAUGHT} --objective so", "--links goes with --objective guided"),
        (f"{TRAIN} --objective mlm --masked-sides each", "--masked-sides goes with --objective tlm or dwa"),
        (f"{TRAIN} --objective tlm --label-layer 1", "--label-layer goes with --objective dwa"),
        (f"{TAUGHT} --muon-factor 3", "--muon-factor goes with --optimizer muon"),
    ],
)  # fmt: skip
def test_an_option_that_would_change_nothing_is_refused(outcome, line, complaint):
    found = outcome(line)
    assert (found["exit"], found["stdout"]) == (2, b"")
    assert found["stderr"].endswith(f"Error: {complaint}\n")


@pytest.mark.parametrize(
    "line",
    [
        f"{ALIGN} -o x --report x",
        f"{ALIGN} --report -",
        "project a.iob a.en --align a.align -o x --report x",
        f"{SCORE} --sentences x.svg --plot x.svg",
        f"{LOOK} --html x.svg --png x.svg",
        f"{LEXICON} --s2t x --shortlist ./x",
    ],
)
def test_two_outputs_with_one_name_are_refused(outcome, line):
    found = outcome(line)
    assert (found["exit"], found["stdout"]) == (2, b"")
    assert "is given for two outputs: give each a file of its own" in found["stderr"]


def test_no_input_is_overwritten_by_a_report(outcome):
    found = outcome("project a.iob a.en --align a.align --report a.en")
    assert found["exit"] == 2
    assert "a.en is an input too" in found["stderr"]


@pytest.mark.parametrize("line", [ALIGN, TAUGHT, f"{TRAIN} --rounds 1"])
def test_nothing_else_makes_a_difference(files, outcome, tmp_path, line):
    assert _run(line, files, tmp_path) == outcome(line)


def test_no_option_is_left_out():
    shown = {(line.split()[0], more.split()[0]) for line, more in CHANGES}
    for names, command in commands():
        for option in command.params:
            if not isinstance(option, click.Option) or (
                option.is_eager and option.name in ("help", "version")
            ):
                continue
            for flag in (*option.opts, *option.secondary_opts):
                place = SHOWN_BY.get(" ".join((*names, flag))) or SHOWN_BY.get(flag)
                if flag.startswith("--") and place is None:
                    assert (" ".join(names), flag) in shown
                elif place is not None:
                    named = flag.lstrip("-").replace("-", "_")
                    text = (REPOSITORY / place).read_text(encoding="utf-8")
                    assert flag in text or named in text

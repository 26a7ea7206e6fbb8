"""The examples in the help run as they are shown, in a folder that has the files that they name."""

import hashlib
import inspect
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from commands import commands
from conftest import REPOSITORY
from tiny_checkpoints import roberta_sizes, save_model, save_sentencepiece_tokenizer

from xalign.cli import main
from xalign.models.published import PRESETS

SET = REPOSITORY / "eval_data" / "de-en"
TEXT = {
    name: (SET / f"test.{name}").read_text(encoding="utf-8").splitlines(keepends=True)[:4] for name in ("de", "en")
}  # fmt: skip
GOLD = (SET / "gold.txt").read_text(encoding="utf-8").splitlines(keepends=True)[:4]
PAIRS_OF_DE_EN = 508  # what `testsets de-en` expects
TO_THE_END = {"train": "--steps 2 --batch-subwords 300"}  # what an example gets, to last seconds


def examples(command):
    """The lines between "Examples:" and the next blank line."""
    [block] = re.findall(r"^Examples:\n((?:  .+\n?)+)", inspect.cleandoc(command.help), flags=re.MULTILINE)
    return [line.strip() for line in block.splitlines()]


SHOWN = [(" ".join(names), lines) for names, command in commands() if (lines := examples(command))]


@pytest.mark.parametrize(("names", "lines"), SHOWN, ids=[names or "xalign" for names, _ in SHOWN])
def test_each_help_shows_the_command_that_it_is_about(names, lines):
    assert any(f"xalign {names}".strip() in line for line in lines)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A tiny checkpoint that stands for that of a preset, with as many layers as the preset uses."""
    from transformers import XLMRobertaConfig, XLMRobertaModel

    folder = tmp_path_factory.mktemp("published")
    sizes = roberta_sizes(len(save_sentencepiece_tokenizer(folder))) | {"num_hidden_layers": 9}
    save_model(XLMRobertaModel, XLMRobertaConfig(**sizes, type_vocab_size=1), folder)
    return folder


@pytest.fixture
def folder(tmp_path, monkeypatch, hub_cache, published):
    """A home and working folder with all files that examples name; gold is right, so that output can be told."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    hub_cache("microsoft/xlm-align-base", published)
    sums = PRESETS["xlm-align"].checkpoint.checksums
    for name in sums:
        path = Path("downloads/xlm-align", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
        monkeypatch.setitem(sums, name, hashlib.md5(name.encode()).hexdigest())
    for stem in ("test", "raw", "web", "my", "a", "d", "corpus"):
        for suffix, lines in TEXT.items():
            Path(f"{stem}.{suffix}").write_text("".join(lines), encoding="utf-8")
    for name in ("gold.txt", "out", "old", "new", "a", "d", "corpus", "forward", "backward", "pieces"):
        Path(name if "." in name else f"{name}.align").write_text("".join(GOLD), encoding="utf-8")
    backwards = [" ".join(re.sub(r"(\d+)\D(\d+)", r"\2-\1", line).split()) for line in GOLD]
    Path("en-de.align").write_text("".join(f"{line}\n" for line in backwards), encoding="utf-8")
    for suffix, lines in TEXT.items():
        Path(f"text.{suffix}").write_text("".join(lines), encoding="utf-8")
        Path(f"test.spm.{suffix}").write_text(
            re.sub(r"(?m)(^|(?<= ))(?=\S)", "▁", "".join(lines)), encoding="utf-8"
        )
    Path("gold.wa").write_text("1 1 1 S\n1 2 2 P\n", encoding="utf-8")
    giza = (
        "# Sentence pair (1) source length {} target length {} alignment score : 0.1\n{}\nNULL ({{ }}) {}\n"
    )
    Path("de-en.A3.final").write_text(
        giza.format(2, 2, "the house", "das ({ 1 }) Haus ({ 2 })"), encoding="utf-8"
    )
    Path("en-de.A3.final").write_text(
        giza.format(2, 2, "das Haus", "the ({ 1 }) house ({ 2 })"), encoding="utf-8"
    )
    Path("both.bal").write_text("1\n2 das Haus # 1 2\n2 the house # 1 0\n", encoding="utf-8")
    Path("train.iob").write_text("Maria\tB-PER\ncame\tO\n\n", encoding="utf-8")
    Path("train.de").write_text("Maria kam\n", encoding="utf-8")
    Path("en.conllu").write_text(
        "".join("".join(f"{k}\t{word}\t_\tX\t_\t_\t_\t_\t_\t_\n" for k, word in enumerate(line.split(), 1)) + "\n"
                for line in TEXT["en"]), encoding="utf-8")  # fmt: skip
    Path("page.html").write_text("The <b>house</b>.\n", encoding="utf-8")
    Path("page.de.txt").write_text("Das Haus.\n", encoding="utf-8")
    for name, line in (("src", "das Haus"), ("tgt", "the house"), ("gold", "0-0 1-1")):
        path = Path("alignment-test-sets", name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{line}\n" * PAIRS_OF_DE_EN, encoding="utf-8")
    return tmp_path


def run(line):
    """What a shell would do with stages that are parted by bars, and whose last may write to a file."""
    line, _, written = line.partition(" > ")
    sent, written = b"", written and Path(written)
    for stage in re.split(r" (?<!\|)\|(?!\|) ", line):
        program, *arguments = shlex.split(stage)
        if program == "xalign":
            more = TO_THE_END.get(arguments[0], "") if arguments else ""
            given = [each.replace("~/", f"{Path.home()}/") for each in (*arguments, *more.split())]
            result = CliRunner().invoke(main, given, input=sent, prog_name="xalign")
            assert result.exit_code == 0, result.output
            assert "Warning" not in result.stderr and "Traceback" not in result.stderr
            sent = result.stdout_bytes
        else:
            if shutil.which(program) is None:
                pytest.skip(f"{program}, which the example calls, is not installed")
            sent = subprocess.run(stage, shell=True, input=sent, capture_output=True, check=True).stdout
    if written:
        written.write_bytes(sent)
    return sent


@pytest.mark.parametrize(("names", "lines"), SHOWN, ids=[names or "xalign" for names, _ in SHOWN])
def test_the_examples_of_the_help_run_as_they_are_shown(folder, names, lines):
    before = files_in(folder)
    for line in lines:
        sent, after = run(line), files_in(folder)
        assert sent or any(size for path, (size, _) in after.items() if before.get(path) != after[path]), line
        before = after


def files_in(folder):
    """The size of each file, and when it was written."""
    return {
        path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()
    }

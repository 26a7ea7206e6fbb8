import re

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file

from xalign.cli.encode import encode
from xalign.errors import InputError, LanguageError, LayerError, ModelError, OptionError

TEXT = "Das Haus ist klein .\n\nHello world !\n"


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.de"
    path.write_text(TEXT, encoding="utf-8")
    return path


def run(*arguments, **options):
    # click remembers a command's help options from its first call: here as the group would set them.
    return CliRunner().invoke(
        encode, [str(each) for each in arguments], help_option_names=["-h", "--help"], **options
    )


def test_the_promised_arrays_are_in_the_file(tiny, text, tmp_path):
    output = tmp_path / "states.safetensors"
    result = run(text, "--model", tiny("xlm-roberta"), "--layers", "3,4", "-o", output, "--dtype", "float32")
    assert (result.exit_code, result.output) == (0, "")
    arrays = load_file(output)
    subwords = len(arrays["word_index"])
    assert arrays["layer_3"].shape == arrays["layer_4"].shape == (subwords, 32)
    offsets = arrays["sentence_offsets"].tolist()
    assert offsets[0] == 0 and offsets[1] == offsets[2] and offsets[3] == subwords
    assert arrays["word_index"][: offsets[1]].max() == 4
    assert set(arrays) == {"layer_3", "layer_4", "word_index", "sentence_offsets"}


def test_all_layers_from_standard_input_to_npz(tiny, tmp_path):
    output = tmp_path / "states.npz"
    result = run("-", "--model", tiny("bert"), "--layers", "all", "-o", output, input=TEXT)
    assert result.exit_code == 0
    assert {f"layer_{layer}" for layer in range(5)} < set(np.load(output))


def test_a_language_is_handed_on(tiny, text, tmp_path):
    output = tmp_path / "states.npz"
    arguments = (text, "--model", tiny("xmod"), "--layers", "2", "-o", output)
    assert isinstance(run(*arguments).exception, LanguageError)
    assert run(*arguments, "--lang", "de").exit_code == 0


@pytest.mark.parametrize(
    ("replaced", "error", "complaint"),
    [
        ({"--layers": "9"}, LayerError, r"layers 0 \(embeddings\) to 4"),
        ({"--layers": "x"}, OptionError, 'expected "all" or numbers'),
        ({"-o": "states.txt"}, OptionError, r"\.safetensors or \.npz"),
        ({"--model": "mni"}, ModelError, "unknown model 'mni'"),
    ],
)
def test_bad_options_are_named(tiny, text, tmp_path, replaced, error, complaint):
    options = {"--layers": "2", "-o": str(tmp_path / "x.npz"), "--model": str(tiny("bert"))} | replaced
    result = run(text, *(part for option in options.items() for part in option))
    assert isinstance(result.exception, error)
    assert re.search(complaint, str(result.exception))
    assert not (tmp_path / "x.npz").exists()


def test_a_missing_file_is_named(tiny, tmp_path):
    result = run(tmp_path / "no", "--model", tiny("bert"), "--layers", "1", "-o", tmp_path / "x.npz")
    assert isinstance(result.exception, InputError)


def test_an_old_file_stays_where_the_new_one_cannot_be_written(tiny, text, tmp_path, monkeypatch):
    for name, writer in (("x.npz", "np.savez"), ("x.safetensors", "save_file")):
        output = tmp_path / name
        output.write_bytes(b"old")

        def fail(*arguments, **named):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(f"xalign.states.{writer}", fail)
        result = run(text, "--model", tiny("bert"), "--layers", "1", "-o", output)
        assert "cannot be written: no space left" in str(result.exception)
        assert output.read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"text.de", "x.npz", "x.safetensors"}


def test_a_line_that_is_too_long_is_an_empty_sentence(tiny, text, tmp_path, caplog):
    output = tmp_path / "states.npz"
    arguments = (text, "--model", tiny("bert"), "--layers", "1", "-o", output)
    assert run(*arguments, "--longest-line", "15").exit_code == 0
    assert np.load(output)["sentence_offsets"].tolist()[:3] == [0, 0, 0]
    assert "text.de line 1: longer than 15 bytes" in caplog.text

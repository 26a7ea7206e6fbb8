"""Products in int8 are near the exact ones, with and without outlier channels, and change few links."""

from pathlib import Path

import pytest
import torch
from sameness import ENGLISH, GERMAN, pairs
from torch import nn

from xalign import Aligner
from xalign.encoders.eightbit import ActivationRange, feed_forward, plus, product
from xalign.encoders.families import load_for_aligning
from xalign.models import resolve
from xalign.text.sentences import read_files

TEXT = Path(__file__).resolve().parents[2] / "eval_data" / "de-en"
ROWS, WIDTH, INNER = 50, 64, 128
FLOATING = [torch.float32, torch.bfloat16]
FAMILIES = [
    "bert",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
    "xmod-prenorm",
    "xlm-mlm",
    "xlm-tlm-lang",
    "fairseq",
]


def has_vnni():
    """As Linux says, and not the code that is tested: if xalign no longer sees the processor's VNNI, tests fail."""
    listed = Path("/proc/cpuinfo")
    return listed.exists() and "avx512_vnni" in listed.read_text(encoding="utf-8").split()


pytestmark = pytest.mark.skipif(not has_vnni(), reason="/proc/cpuinfo lists no avx512_vnni, which int8 needs")


def layer(inputs, outputs, seed, seen, dtype):
    """A layer of random weights that has seen these inputs."""
    torch.manual_seed(seed)
    made = nn.Linear(inputs, outputs).requires_grad_(False).to(dtype)
    made.activation_range = ActivationRange(
        seen.amin(0).float().clamp(max=0), seen.amax(0).float().clamp(min=0)
    )
    return made


def drawn(wide=1.0):
    """Rows whose first channel is so many times as wide as the others."""
    rows = torch.randn(ROWS, WIDTH, generator=torch.Generator().manual_seed(1))
    rows[:, 0] *= wide
    return rows


def error(found, expected):
    return float((found.float() - expected.float()).norm() / expected.float().norm())


@pytest.mark.parametrize("dtype", FLOATING)
@pytest.mark.parametrize("wide", [1, 1_000])
def test_one_wide_channel_does_not_make_the_others_coarse(dtype, wide):
    rows = drawn(wide).to(dtype)
    layers = [layer(WIDTH, outputs, outputs, rows, dtype) for outputs in (16, 32)]
    for each in layers:
        each.weight[:, 0] /= wide  # so that the result depends on all channels alike
    found = product(*layers)(rows)
    expected = torch.cat([each(rows) for each in layers], dim=1)
    assert found.dtype == dtype and 0 < error(found, expected) < 0.02


def test_what_reaches_far_beyond_what_was_seen_is_cut_off():
    multiply = product(layer(WIDTH, 16, 1, drawn(), torch.float32))
    signs = drawn().sign()
    assert torch.equal(multiply(1e4 * signs), multiply(1e5 * signs))


@pytest.mark.parametrize("dtype", FLOATING)
def test_what_is_added_is_added_in_full(dtype):
    rows = drawn().to(dtype)
    multiply, added = layer(WIDTH, WIDTH, 1, rows, dtype), 100 * drawn().to(dtype)
    found = plus(multiply)(rows, added)
    assert error(found - added, multiply(rows)) < (0.02 if dtype == torch.float32 else 0.5)


@pytest.mark.parametrize("dtype", FLOATING)
@pytest.mark.parametrize("wide", [1, 1_000])
def test_a_wide_channel_inside_a_feed_forward_layer_does_not_either(dtype, wide):
    rows = drawn().to(dtype)
    widening = layer(WIDTH, INNER, 1, rows, dtype)
    widening.weight[0] *= wide
    inner = nn.functional.gelu(widening(rows))
    narrowing = layer(INNER, WIDTH, 2, inner, dtype)
    narrowing.weight[:, 0] /= wide
    expected = narrowing(inner) + rows
    assert 0 < error(feed_forward(widening, narrowing)(rows, rows), expected) < 0.02


@pytest.mark.parametrize("name", FAMILIES)
def test_states_of_every_packed_family_are_near_those_in_float32(encoder, tiny, name):
    plain = encoder(name)
    eight = load_for_aligning(resolve(str(tiny(name))), dtype=torch.int8)
    batch = pairs(plain, ((GERMAN, ENGLISH), (ENGLISH, ["Hello"]), (ENGLISH, GERMAN)))
    with torch.inference_mode():
        expected, found = (each.encode(batch, [plain.layers])[0][batch.mask] for each in (plain, eight))
    assert eight.dtype == torch.int8 and eight.concurrent
    assert 0 < error(found, expected) < 0.1


def test_loading_twice_gives_the_same_states(encoder, tiny):
    one, other = (load_for_aligning(resolve(str(tiny("bert"))), dtype=torch.int8) for _ in range(2))
    batch = pairs(encoder("bert"), ((GERMAN, ENGLISH),))
    with torch.inference_mode():
        assert torch.equal(one.encode(batch, [4]), other.encode(batch, [4]))


@pytest.mark.parametrize("model", ["mini", "small"])
def test_few_links_of_the_bundled_models_differ_from_those_in_float32(model):
    sentences = list(read_files(TEXT / "test.de", TEXT / "test.en"))
    full, eight = (
        {(number, link) for number, found in enumerate(aligner.align(sentences)) for link in found.links}
        for aligner in (Aligner.load(model, "cpu", dtype) for dtype in ("float32", "int8"))
    )
    assert len(full ^ eight) < 0.03 * len(full)

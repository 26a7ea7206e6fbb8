"""The same loss, and the same gradient, as awesome-align 0.1.7 on the same batch and weights, in float32.

    pip install awesome-align==0.1.7 && pytest -m peers tests/peers/test_awesome_objectives.py

The sequences, the links it teaches itself and the losses are the peer's own; only what is drawn at random (masks, torn
pairs) is handed over, and the weights of the head of PSI, which it starts at random.
"""

import pytest
import torch
from teaching import PAIRS, example
from tiny_checkpoints import HEADS, SENTENCES, save_wordpiece_tokenizer

from xalign.encoders.families import load_encoder
from xalign.models.preset import Preset
from xalign.train import learner as learner_module
from xalign.train.collate import collate
from xalign.train.learner import Learner, psi_pairs
from xalign.train.masking import Masker
from xalign.train.options import ObjectiveOptions

pytestmark = pytest.mark.peers

LAYER, LAYERS, WIDTH = 3, 5, 32
TEXT = [*PAIRS, SENTENCES[:2], (SENTENCES[4], SENTENCES[1])]  # the French words are of many subwords
WEIGHT = "encoder.layer.0.attention.self.query.weight"


@pytest.fixture(scope="module")
def awesome():
    return pytest.importorskip("awesome_align.modeling", reason="awesome-align is not installed: make peers")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """BERT with its head for masks, in the files that both read; far from uniform, and dropout off."""
    from transformers import BertConfig, BertForMaskedLM

    folder = tmp_path_factory.mktemp("bert")
    vocabulary = save_wordpiece_tokenizer(folder)
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=2 * WIDTH,
        max_position_embeddings=160,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    torch.manual_seed(2)
    model = BertForMaskedLM(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "LayerNorm" not in name:
                parameter.normal_(std=0.15)
    model.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return folder


@pytest.fixture
def theirs(awesome, checkpoint):
    """The peer's model."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    awesome.PAD_ID, awesome.CLS_ID, awesome.SEP_ID = (
        tokenizer.pad_token_id,
        tokenizer.cls_token_id,
        tokenizer.sep_token_id,
    )
    return awesome.BertForMaskedLM.from_pretrained(str(checkpoint))


@pytest.fixture
def ours(checkpoint):
    """`ours("so")`: a learner of these objectives at equal weights, as awesome-align's preset has it."""

    def make(*objectives, **options):
        preset = Preset.of(
            "peer",
            str(checkpoint),
            layer=LAYER,
            encode="separate",
            similarity="dot",
            extract="softmax",
            threshold=0.001,
        )
        return Learner(
            load_encoder(preset), dict.fromkeys(objectives, 1.0), preset.method, ObjectiveOptions(**options)
        )

    return make


def batch_of(learner):
    encoder = learner.encoder
    return collate([example(encoder, pair) for pair in TEXT], encoder, "subword")


def sequences(awesome, side):
    """[CLS] a [SEP] of each sentence, as awesome-align's data code makes them."""
    rows = zip(side.ids, side.mask, strict=True)
    return [torch.tensor([awesome.CLS_ID, *ids[mask].tolist(), awesome.SEP_ID]) for ids, mask in rows]


def asked(side, values):
    """What is to be filled in of each sequence, -100 elsewhere."""
    rows = zip(values, side.mask, strict=True)
    return [
        torch.tensor([-100, *(v if v >= 0 else -100 for v in row[mask].tolist()), -100]) for row, mask in rows
    ]


def padded(awesome, rows, value=None):
    fill = awesome.PAD_ID if value is None else value
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=fill)


def joined(first, second):
    return [torch.cat(rows) for rows in zip(first, second, strict=True)]


def assert_same(learner, loss, model, expected):
    """The losses, and their gradients in the first block."""
    loss.backward()
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), abs=1e-4)
    gradient = dict(learner.model.named_parameters())[WEIGHT].grad
    reference = dict(model.bert.named_parameters())[WEIGHT].grad
    assert reference.abs().max() > 1e-5
    torch.testing.assert_close(gradient, reference, rtol=1e-3, atol=1e-5)


def word_maps(side):
    return [words[mask].tolist() for words, mask in zip(side.words, side.mask, strict=True)]


@pytest.mark.parametrize("objectives", [("so",), ("co",), ("so", "co")])
def test_so_and_co_are_awesome_aligns(awesome, theirs, ours, objectives):
    learner = ours(*objectives)
    batch = batch_of(learner)
    source, target = (padded(awesome, sequences(awesome, side)) for side in (batch.source, batch.target))
    maps = word_maps(batch.source), word_maps(batch.target)
    theirs.eval()
    guide = theirs.get_aligned_word(
        source, target, *maps, torch.device("cpu"), source.shape[1], target.shape[1], align_layer=LAYER
    )
    assert guide.any()
    expected = theirs(
        inputs_src=source,
        inputs_tgt=target,
        attention_mask_src=source != awesome.PAD_ID,
        attention_mask_tgt=target != awesome.PAD_ID,
        guide=guide,
        align_layer=LAYER,
        train_so="so" in objectives,
        train_co="co" in objectives,
    )
    assert_same(learner, learner(batch)["loss"], theirs, expected)


@pytest.fixture
def masked(monkeypatch):
    """All sides that the learner masks, in order."""
    seen = []

    class Recorded(Masker):
        def __call__(self, side):
            seen.append(super().__call__(side))
            return seen[-1]

    monkeypatch.setattr(learner_module, "Masker", Recorded)
    return seen


def filled_in(awesome, model, ids, labels):
    return model(inputs_src=padded(awesome, ids), labels_src=padded(awesome, labels, -100))


def test_tlm_is_awesome_aligns_in_full(awesome, theirs, ours, masked):
    learner = ours("tlm", masked_sides="each")
    batch = batch_of(learner)
    torch.manual_seed(1)
    loss = learner(batch)["loss"]
    source, target = sequences(awesome, batch.source), sequences(awesome, batch.target)
    nothing = [[torch.full_like(row, -100) for row in side] for side in (source, target)]
    expected = []
    for first_is_source, (of_source, of_target) in ((True, masked[:2]), (False, masked[2:])):
        masked_source = sequences(awesome, of_source.side), asked(batch.source, of_source.asked)
        masked_target = sequences(awesome, of_target.side), asked(batch.target, of_target.asked)
        for left, right in (
            (masked_source, (target, nothing[1])),
            ((source, nothing[0]), masked_target),
        ):
            ids, labels = (
                joined(a, b) if first_is_source else joined(b, a) for a, b in zip(left, right, strict=True)
            )
            expected.append(filled_in(awesome, theirs, ids, labels))
    assert len(masked) == 4
    assert_same(learner, loss, theirs, torch.stack(expected).sum())


def test_mlm_is_awesome_aligns(awesome, theirs, ours, masked):
    learner = ours("mlm")
    batch = batch_of(learner)
    torch.manual_seed(2)
    loss = learner(batch)["loss"]
    expected = [
        filled_in(awesome, theirs, sequences(awesome, each.side), asked(side, each.asked))
        for side, each in zip((batch.source, batch.target), masked, strict=True)
    ]
    assert_same(learner, loss, theirs, torch.stack(expected).sum())


def test_psi_is_awesome_aligns(awesome, theirs, ours):
    learner = ours("psi")
    batch = batch_of(learner)
    with torch.no_grad():
        transform, _, decoder = learner.heads["pair"]
        for mine, other in ((transform, theirs.psi_cls.transform), (decoder, theirs.psi_cls.decoder)):
            mine.weight.copy_(other.weight.normal_())
            mine.bias.copy_(other.bias.normal_())
    torch.manual_seed(3)
    first, second, parallel = psi_pairs(len(TEXT))
    sentences = [*sequences(awesome, batch.source), *sequences(awesome, batch.target)]
    rows = joined([sentences[k] for k in first], [sentences[k] for k in second])
    expected = theirs(
        inputs_src=padded(awesome, rows), labels_psi=torch.from_numpy(parallel), align_layer=LAYER + 1
    )
    torch.manual_seed(3)
    assert_same(learner, learner(batch)["loss"], theirs, expected)

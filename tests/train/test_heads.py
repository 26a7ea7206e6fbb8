"""What stands on the encoder: the checkpoint's own prediction head where it has one, and what is made where not."""

import pytest
import torch
from tiny_checkpoints import MAKERS
from transformers import AutoConfig, AutoModelForMaskedLM

from xalign.encoders.families import load_encoder
from xalign.models import resolve
from xalign.train.heads import Pointer, VocabularyHead


@pytest.fixture
def with_head(tiny, tmp_path):
    """A checkpoint of transformers' masked language model, its head's weights at random."""

    def make(name, **values):
        folder = tmp_path / name
        folder.mkdir()
        MAKERS[name](folder)
        torch.manual_seed(3)
        model = AutoModelForMaskedLM.from_config(AutoConfig.from_pretrained(folder, **values))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(std=0.2)
        model.save_pretrained(folder)
        return folder

    return make


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("name", ["bert", "xlm-roberta", "xlm-roberta-xl", "xmod", "xlm-mlm"])
def test_the_checkpoints_own_head_predicts_as_transformers_does(with_head, name, tied):
    folder = with_head(name, tie_word_embeddings=tied)
    encoder = load_encoder(resolve(str(folder)))
    head = VocabularyHead(encoder)
    assert (head.weight is None) == tied
    ids = torch.tensor([[2, 5, 6, 7, 8, 3]])
    languages = {"lang_ids": torch.tensor([0])} if name == "xmod" else {}
    inputs = {"attention_mask": torch.ones_like(ids), **languages}
    with torch.no_grad():
        whole = AutoModelForMaskedLM.from_pretrained(folder).eval()
        expected = whole(ids, **inputs)
        states = whole.base_model(ids, **inputs).last_hidden_state
        torch.testing.assert_close(head(states), expected.logits)


@pytest.mark.parametrize("name", ["bert", "xlm-roberta", "fairseq", "distilbert", "m2m100", "preset"])
def test_without_a_head_the_embeddings_are_one(encoder, name):
    loaded = encoder(name)
    states = torch.randn(3, loaded.width)
    head = VocabularyHead(loaded)
    embeddings = loaded.model.get_input_embeddings().weight
    torch.testing.assert_close(head(states), states @ embeddings.T)
    head(states).sum().backward()
    assert embeddings.grad is not None


def test_embeddings_at_four_bits_are_the_head_of_small():
    loaded = load_encoder(resolve("small"))
    states = torch.randn(3, loaded.width)
    expected = states @ loaded.word_embeddings.weight.T
    torch.testing.assert_close(VocabularyHead(loaded)(states), expected)


@pytest.mark.parametrize("name", ["bert", "xlm-mlm"])
def test_embeddings_stay_the_encoders(encoder, name):
    loaded = encoder(name)
    head = VocabularyHead(loaded)
    embeddings = loaded.model.get_input_embeddings().weight
    assert all(weight is not embeddings for weight in head.parameters())
    assert all(weight.shape != embeddings.shape for weight in head.state_dict().values())


def test_a_pointer_divides_itself_over_what_is_real():
    torch.manual_seed(1)
    pointer = Pointer(8)
    states, others = torch.randn(2, 3, 8), torch.randn(2, 5, 8)
    mask = torch.tensor([[True] * 5, [True, True, False, False, False]])
    shares = pointer(states, others, mask).softmax(-1)
    assert shares.shape == (2, 3, 5)
    assert (shares[1, :, 2:] == 0).all()
    by_hand = (pointer.query(states[0, 1]) @ pointer.key(others[0]).T / 8**0.5).softmax(0)
    torch.testing.assert_close(shares[0, 1], by_hand)

"""XLM-R's vocabulary as transformers and fairseq's archives read it: the subwords that fairseq's README shows."""

import io
import json
import os
from pathlib import Path

import pytest
import sentencepiece
from conftest import REPOSITORY
from fairseq_archive import save_fairseq
from sentencepiece import sentencepiece_model_pb2
from transformers import AutoTokenizer, XLMRobertaConfig, XLMRobertaModel

from xalign.encoders.families import load_encoder
from xalign.models import resolve

pytestmark = pytest.mark.public

SHOWN = {
    "Hello world!": [0, 35378, 8999, 38, 2],
    "你好，世界": [0, 6, 124084, 4, 3221, 2],
    "नमस्ते दुनिया": [0, 68700, 97883, 29405, 2],
    "مرحبا بالعالم": [0, 665, 193478, 258, 1705, 77796, 2],
    "Bonjour le monde": [0, 84602, 95, 11146, 2],
}
SUBWORDS = 250_002


@pytest.fixture(scope="module")
def words() -> list[str]:
    """All of eval_data, in five languages."""
    files = (REPOSITORY / "eval_data").glob("*/test.*")
    return sorted({word for file in files for word in file.read_text(encoding="utf-8").split()})


@pytest.fixture(scope="module")
def sentencepiece_model(public_encoder) -> bytes:
    """The vocabulary as XLM-R's sentencepiece.bpe.model has it: ids one lower, neither <pad> nor <mask>."""
    content = json.loads((public_encoder / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = content["model"]["vocab"]
    trained = io.BytesIO()  # for the normaliser and all else that is not the vocabulary
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(vocabulary[4][0] for _ in range(9)),
        model_writer=trained,
        vocab_size=5,
        minloglevel=2,
    )
    model = sentencepiece_model_pb2.ModelProto.FromString(trained.getvalue())
    del model.pieces[3:]  # <unk>, <s> and </s> stay
    for text, score in vocabulary[4:-1]:
        model.pieces.add(piece=text, score=score)
    return model.SerializeToString()


@pytest.fixture(scope="module")
def xlmr(sentencepiece_model, tmp_path_factory) -> Path:
    """A checkpoint of this vocabulary, as small as can be."""
    folder = tmp_path_factory.mktemp("xlmr")
    (folder / "sentencepiece.bpe.model").write_bytes(sentencepiece_model)
    XLMRobertaModel(
        XLMRobertaConfig(
            vocab_size=SUBWORDS,
            hidden_size=2,
            num_hidden_layers=1,
            num_attention_heads=1,
            intermediate_size=2,
            max_position_embeddings=514,
            type_vocab_size=1,
        )
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def archive(xlmr, tmp_path_factory) -> Path:
    """The same as fairseq published XLM-R."""
    folder = tmp_path_factory.mktemp("fairseq")
    save_fairseq(xlmr, folder, prefix="decoder", fused=True)
    return folder


@pytest.mark.parametrize("form", ["public_encoder", "xlmr", "archive"])
def test_it_splits_what_fairseq_shows_as_shown(form, request):
    tokenizer = load_encoder(resolve(str(request.getfixturevalue(form)))).tokenizer
    assert {text: tokenizer.encode(text) for text in SHOWN} == SHOWN
    assert tokenizer.decode(SHOWN["Hello world!"], skip_special_tokens=True) == "Hello world!"
    assert tokenizer.convert_tokens_to_ids("<mask>") == SUBWORDS - 1


@pytest.mark.parametrize("form", ["public_encoder", "xlmr", "archive"])
def test_words_have_the_subwords_of_sentencepiece(form, request, words, sentencepiece_model):
    loaded = load_encoder(resolve(str(request.getfixturevalue(form))))
    pieces = sentencepiece.SentencePieceProcessor(model_proto=sentencepiece_model)
    assert loaded.subword_ids(words) == [[number + 1 for number in ids] for ids in pieces.encode(words)]


def test_hello_world_in_a_published_archive_of_fairseq():
    place = os.environ.get("XALIGN_FAIRSEQ_XLMR")
    if not place:
        pytest.skip("set XALIGN_FAIRSEQ_XLMR to the folder or .tar.gz of xlmr.base.v0 or xlmr.large.v0")
    tokenizer = load_encoder(resolve(place)).tokenizer
    assert {text: tokenizer.encode(text) for text in SHOWN} == SHOWN


@pytest.mark.parametrize("checkpoint", ["FacebookAI/xlm-roberta-base", "FacebookAI/xlm-roberta-large"])
def test_hello_world_in_a_downloaded_checkpoint_of_hugging_face(checkpoint):
    try:
        tokenizer = AutoTokenizer.from_pretrained(checkpoint, local_files_only=True)
    except (OSError, ValueError):
        pytest.skip(f"{checkpoint} is not in the hub cache; download it with `hf download {checkpoint}`")
    assert {text: tokenizer.encode(text) for text in SHOWN} == SHOWN

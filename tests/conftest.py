"""Tiny real checkpoints of every family, and where the shared data is.

Each checkpoint is an ordinary folder of the real transformers class: weights from a seed, a vocabulary trained on
the sentences below, written by `save_pretrained`, so that loading it takes the very code that a hub id takes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings

from xalign.encoder import Encoder, load_encoder
from xalign.models import PRESET_FILE, Preset, resolve

# No deadline: how long a test takes on a busy machine says nothing about it.
settings.register_profile("xalign", deadline=None, max_examples=50)
settings.load_profile("xalign")

REPOSITORY = Path(__file__).resolve().parent.parent
SENTENCES = (
    "Das Haus ist klein , aber der Garten hinter dem Haus ist groß .",
    "The house is small , but the garden behind the house is big .",
    "Wir haben gestern die Katze auf dem Dach gesehen !",
    "We saw the cat on the roof yesterday !",
    "La maison est petite , mais le jardin derrière la maison est grand .",
    "Casa este mică , dar grădina din spatele casei este mare .",
    "Дом маленький , но сад за домом большой .",
    "房子 很 小 , 但是 房子 后面 的 花园 很 大 。",
    "Hello world ! Wie geht es dir heute , mein Freund ?",
)
WIDTH, LAYERS, HEADS = 32, 4, 4

Tiny = Callable[[str], Path]


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """`shared("reference/lilt-deen")`: a path in the data folder, or a skipped test where there is none."""
    root = Path(os.environ.get("XALIGN_SHARED", REPOSITORY.parent / "shared"))

    def path(name: str) -> Path:
        if not (root / name).exists():
            pytest.skip(f"{root / name} is not here; set XALIGN_SHARED to the folder that holds {name}")
        return root / name

    return path


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """`tiny("xlm-roberta")`: the folder of a tiny checkpoint, made once per session. Names: see MAKERS.

    "preset" is an XLM-RoBERTa-XL checkpoint that carries its own preset, as `mini` does.
    """
    root = tmp_path_factory.mktemp("checkpoints")

    def folder(name: str) -> Path:
        path = root / name
        if not path.exists():
            path.mkdir()
            MAKERS[name](path)
        return path

    return folder


@pytest.fixture(scope="session")
def encoder(tiny: Tiny) -> Callable[..., Encoder]:
    """`encoder("xmod", encode="pair")`: a tiny checkpoint loaded, its preset's values replaced by the given ones."""

    def load(name: str, **values: object) -> Encoder:
        return load_encoder(replace(resolve(str(tiny(name))), **values))  # type: ignore[arg-type]

    return load


def make_xlm_roberta(folder: Path) -> None:
    from transformers import XLMRobertaConfig, XLMRobertaModel

    tokenizer = save_sentencepiece_tokenizer(folder)
    save_model(XLMRobertaModel, XLMRobertaConfig(**roberta_sizes(len(tokenizer)), type_vocab_size=1), folder)


def make_xlm_roberta_xl(folder: Path) -> None:
    from transformers import XLMRobertaXLConfig, XLMRobertaXLModel

    tokenizer = save_sentencepiece_tokenizer(folder)
    save_model(
        XLMRobertaXLModel, XLMRobertaXLConfig(**roberta_sizes(len(tokenizer)), type_vocab_size=2), folder
    )


def make_preset(folder: Path) -> None:
    make_xlm_roberta_xl(folder)
    preset = Preset(
        name="tiny",
        checkpoint=str(folder),
        family="roberta",
        layer=LAYERS,
        encode="pair",
        similarity="dot",
        extract="argmax",
        segments=True,
        positions="restart",
        languages=("de", "en"),
    )
    (folder / PRESET_FILE).write_text(preset.to_json(), encoding="utf-8")


def make_bert(folder: Path) -> None:
    from transformers import BertConfig, BertModel, BertTokenizer

    pieces = sorted({char for line in SENTENCES for char in line if char != " "})
    words = sorted({word for line in SENTENCES[:4] for word in line.split()} - set(pieces))
    vocabulary = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *words,
        *pieces,
        *(f"##{piece}" for piece in pieces),
    ]
    tokenizer = BertTokenizer(vocab={piece: i for i, piece in enumerate(vocabulary)}, do_lower_case=False)
    tokenizer.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    save_model(BertModel, BertConfig(**sizes(len(vocabulary)), max_position_embeddings=64), folder)


MAKERS: dict[str, Callable[[Path], None]] = {
    "xlm-roberta": make_xlm_roberta,
    "xlm-roberta-xl": make_xlm_roberta_xl,
    "preset": make_preset,
    "bert": make_bert,
}


def sizes(vocabulary: int) -> dict[str, int]:
    return {
        "vocab_size": vocabulary,
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": 2 * WIDTH,
    }


def roberta_sizes(vocabulary: int) -> dict[str, int | float]:
    special = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    return {**sizes(vocabulary), **special, "max_position_embeddings": 66, "layer_norm_eps": 1e-5}


def save_model(family, config, folder: Path) -> None:
    """Random weights from a seed, large enough that no two layers look alike."""
    import torch

    torch.manual_seed(1)
    model = family(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" not in name.lower():
                parameter.normal_(std=0.3)
    model.save_pretrained(folder)


def save_sentencepiece_tokenizer(folder: Path):
    """A sentencepiece Unigram model trained on SENTENCES, and what transformers makes of it (tokenizer.json)."""
    from transformers import XLMRobertaTokenizer

    train_sentencepiece(folder / "sentencepiece.bpe.model")
    tokenizer = XLMRobertaTokenizer.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return tokenizer


def train_sentencepiece(path: Path) -> None:
    import sentencepiece

    with path.open("wb") as model:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES * 4),
            model_writer=model,
            vocab_size=180,
            character_coverage=1.0,
            hard_vocab_limit=False,
            minloglevel=2,
        )

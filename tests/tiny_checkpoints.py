"""Tiny real checkpoints of every family.

Each checkpoint is an ordinary folder of the real transformers class: weights from a seed, a vocabulary made
from the sentences below, written by `save_pretrained`, so that loading it takes the very code a hub id takes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from fairseq_archive import save_fairseq

from xalign.models.preset import PRESET_FILE, Preset

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
    preset = Preset.of(
        "tiny",
        str(folder),
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
    from transformers import BertConfig, BertModel

    vocabulary = save_wordpiece_tokenizer(folder)
    save_model(BertModel, BertConfig(**sizes(vocabulary), max_position_embeddings=64), folder)


def make_xmod(folder: Path, **values) -> None:
    from transformers import XmodConfig, XmodModel

    tokenizer = save_sentencepiece_tokenizer(folder)
    config = XmodConfig(
        **roberta_sizes(len(tokenizer)),
        type_vocab_size=1,
        languages=["en_XX", "de_DE", "zh_CN", "zh_TW", "fr_XX"],
        **values,
    )
    save_model(XmodModel, config, folder)


def make_xmod_prenorm(folder: Path) -> None:
    """The shape of xmod-large-prenorm, with a default language and a normalisation of the adapters' own."""
    make_xmod(
        folder, pre_norm=True, adapter_layer_norm=True, ln_before_adapter=False, default_language="en_XX"
    )


def make_xlm(folder: Path, *, language_embeddings: bool, causal: bool = False) -> None:
    from transformers import XLMConfig, XLMWithLMHeadModel

    vocabulary = save_xlm_tokenizer(folder)
    config = XLMConfig(
        vocab_size=vocabulary,
        emb_dim=WIDTH,
        n_layers=LAYERS,
        n_heads=HEADS,
        max_position_embeddings=64,
        causal=causal,
        n_langs=3,
        use_lang_emb=language_embeddings,
        lang2id={"de": 0, "en": 1, "zh": 2},
        id2lang={0: "de", 1: "en", 2: "zh"},
    )
    save_model(XLMWithLMHeadModel, config, folder)


def make_fairseq(folder: Path) -> None:
    """The weights and vocabulary of "xlm-roberta", as fairseq's published archives hold them."""
    with TemporaryDirectory() as source:
        make_xlm_roberta(Path(source))
        save_fairseq(Path(source), folder, prefix="decoder", fused=True)


def make_distilbert(folder: Path) -> None:
    from transformers import DistilBertConfig, DistilBertModel

    vocabulary = save_wordpiece_tokenizer(folder)
    config = DistilBertConfig(
        vocab_size=vocabulary,
        dim=WIDTH,
        n_layers=LAYERS,
        n_heads=HEADS,
        hidden_dim=64,
        max_position_embeddings=64,
    )
    save_model(DistilBertModel, config, folder)


def make_roberta(folder: Path) -> None:
    """Byte-level subwords, and position ids that count from padding_idx + 1."""
    from tokenizers import pre_tokenizers
    from transformers import RobertaConfig, RobertaModel, RobertaTokenizer

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *alphabet, "Ġh", "Ġho", "us"]
    tokenizer = RobertaTokenizer(
        vocab={piece: number for number, piece in enumerate(pieces)},
        merges=[("Ġ", "h"), ("Ġh", "o"), ("u", "s")],
        model_max_length=64,
    )
    tokenizer.save_pretrained(folder)
    save_model(RobertaModel, RobertaConfig(**roberta_sizes(len(tokenizer)), type_vocab_size=1), folder)


def make_m2m100(folder: Path) -> None:
    """An encoder and a decoder, pre-norm: what NLLB is."""
    from transformers import M2M100Config, M2M100Model

    tokenizer = save_sentencepiece_tokenizer(folder)
    config = M2M100Config(
        vocab_size=len(tokenizer),
        d_model=WIDTH,
        encoder_layers=LAYERS,
        decoder_layers=2,
        encoder_attention_heads=HEADS,
        decoder_attention_heads=HEADS,
        encoder_ffn_dim=2 * WIDTH,
        decoder_ffn_dim=2 * WIDTH,
        max_position_embeddings=64,
    )
    save_model(M2M100Model, config, folder)


MAKERS: dict[str, Callable[[Path], None]] = {
    "xlm-roberta": make_xlm_roberta,
    "xlm-roberta-xl": make_xlm_roberta_xl,
    "preset": make_preset,
    "bert": make_bert,
    "xmod": make_xmod,
    "xmod-prenorm": make_xmod_prenorm,
    "xlm-mlm": partial(make_xlm, language_embeddings=False),
    "xlm-tlm-lang": partial(make_xlm, language_embeddings=True),
    "xlm-clm": partial(make_xlm, language_embeddings=True, causal=True),
    "fairseq": make_fairseq,
    "distilbert": make_distilbert,
    "roberta": make_roberta,
    "m2m100": make_m2m100,
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
    torch.manual_seed(1)
    model = family(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "token_type" in name and len(parameter) == 1:
                parameter.zero_()  # as in the published XLM-R, which knows no token types
            elif "norm" not in name.lower():
                parameter.normal_(std=0.3)
    model.save_pretrained(folder)


def save_sentencepiece_tokenizer(folder: Path):
    """A sentencepiece Unigram model trained on SENTENCES, and the tokenizer.json made of it."""
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


def save_wordpiece_tokenizer(folder: Path) -> int:
    """A few whole words and all single characters; returns the size of the vocabulary."""
    from transformers import BertTokenizer

    pieces = sorted({char for line in SENTENCES for char in line if char != " "})
    words = sorted({word for line in SENTENCES[:4] for word in line.split()} - set(pieces))
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*special, *words, *pieces, *(f"##{piece}" for piece in pieces)]
    tokenizer = BertTokenizer(vocab={piece: i for i, piece in enumerate(vocabulary)}, do_lower_case=False)
    tokenizer.save_pretrained(folder)
    # Older tools (awesome-align) read this file.
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    return len(vocabulary)


def save_xlm_tokenizer(folder: Path) -> int:
    """XLM's vocab.json and merges.txt: all characters and a few merges; returns the vocabulary's size."""
    from transformers import XLMTokenizer

    chars = sorted({char for line in SENTENCES for char in line.lower() if char != " "})
    merges = ["h a", "ha us</w>", "u s</w>", "t h", "th e</w>"]
    special = ["<s>", "</s>", "<pad>", "<unk>", *(f"<special{i}>" for i in range(10))]
    merged = [merge.replace(" ", "") for merge in merges]
    vocabulary = [*special, *chars, *(f"{char}</w>" for char in chars), *merged]
    (folder / "vocab.json").write_text(
        json.dumps({piece: i for i, piece in enumerate(vocabulary)}), encoding="utf-8"
    )
    (folder / "merges.txt").write_text("\n".join(merges) + "\n", encoding="utf-8")
    XLMTokenizer.from_pretrained(folder).save_pretrained(folder)
    return len(vocabulary)

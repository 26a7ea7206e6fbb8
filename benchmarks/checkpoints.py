"""Checkpoints for measuring speed: the shape of a published encoder, a vocabulary made from the text, random weights.

How fast a model runs depends on its shape and on how many subwords the text has, not on what its weights know. Both
vocabularies come from the text itself; the embeddings are padded to the published size, which memory notices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from transformers.utils import logging

from xalign.models.preset import PRESET_FILE, Preset

logging.disable_progress_bar()

VOCABULARY = 32_000
SENTENCES = 100_000  # a vocabulary is made from so many at most


@dataclass(frozen=True)
class Shape:
    layers: int
    width: int
    heads: int
    inner: int
    xlmr_vocabulary: int
    bert_vocabulary: int

    @property
    def config(self) -> dict[str, int]:
        return {
            "hidden_size": self.width,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "intermediate_size": self.inner,
        }


SHAPES = {
    "base": Shape(12, 768, 12, 3072, xlmr_vocabulary=250_002, bert_vocabulary=119_547),
    "tiny": Shape(9, 64, 4, 128, xlmr_vocabulary=VOCABULARY + 2, bert_vocabulary=VOCABULARY),
}


def make_xlmr(folder: Path, shape: Shape, sentences: Sequence[str]) -> None:
    """An XLM-R, with SimAlign's method as its preset."""
    import sentencepiece
    from transformers import XLMRobertaConfig, XLMRobertaModel, XLMRobertaTokenizer

    folder.mkdir(parents=True)
    with (folder / "sentencepiece.bpe.model").open("wb") as model:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=islice(sentences, SENTENCES),
            model_writer=model,
            vocab_size=VOCABULARY,
            hard_vocab_limit=False,
            minloglevel=2,
        )
    XLMRobertaTokenizer.from_pretrained(folder).save_pretrained(folder)
    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=shape.xlmr_vocabulary, max_position_embeddings=514, type_vocab_size=1, **shape.config
    )
    XLMRobertaModel(config).save_pretrained(folder)
    _save_preset(folder, Preset.of("xlmr-shape", ".", layer=8))


def make_bert(folder: Path, shape: Shape, sentences: Sequence[str]) -> None:
    """A multilingual BERT, with awesome-align's method as its preset and the two files that awesome-align reads."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertForMaskedLM, BertTokenizer

    folder.mkdir(parents=True)
    pieces = BertWordPieceTokenizer(lowercase=False, strip_accents=False)
    pieces.train_from_iterator(islice(sentences, SENTENCES), vocab_size=VOCABULARY, show_progress=False)
    pieces.save_model(str(folder))
    BertTokenizer.from_pretrained(folder, do_lower_case=False).save_pretrained(folder)
    torch.manual_seed(0)
    model = BertForMaskedLM(BertConfig(vocab_size=shape.bert_vocabulary, **shape.config))
    model.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    preset = Preset.of("bert-shape", ".", layer=8, similarity="dot", extract="softmax", threshold=0.001)
    _save_preset(folder, preset)


def _save_preset(folder: Path, preset: Preset) -> None:
    (folder / PRESET_FILE).write_text(preset.to_json(), encoding="utf-8")


MAKERS = {"xlmr": make_xlmr, "bert": make_bert}

"""SimAlign 0.4 and awesome-align 0.1.7 on a checkpoint, called as their own scripts call them.

awesome-align reads BERT's weights, and words split by WordPiece. Of a checkpoint with another tokenizer (the encoder
that `small` was made from has XLM-R's) it gets the subwords through an object that answers what it asks of its own
tokenizer; the rest is its own code.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file


def simalign(
    checkpoint: str | Path, letters: str, *, layer: int = 8, level: str = "bpe", device: str = "cpu"
) -> Any:
    """Its aligner, which takes a pair at a time. `letters`: its methods; a is mutual argmax, i itermax."""
    from simalign import SentenceAligner

    return SentenceAligner(
        model=str(checkpoint), token_type=level, matching_methods=letters, device=device, layer=layer
    )


def awesome_align(
    checkpoint: str | Path,
    *,
    layer: int = 8,
    extraction: str = "softmax",
    threshold: float = 0.001,
    device: str = "cpu",
) -> Callable[[str | Path, str | Path], None]:
    """Its main() without the command line: a file of "source ||| target" -> a file of links.

    Without workers, since with any it can repeat lines.
    """
    from awesome_align import modeling
    from awesome_align.run_align import word_align

    tokenizer = _tokenizer(Path(checkpoint))
    modeling.PAD_ID = tokenizer.pad_token_id
    modeling.CLS_ID = tokenizer.cls_token_id
    modeling.SEP_ID = tokenizer.sep_token_id
    model = _bert(Path(checkpoint))
    options = {
        "output_prob_file": None,
        "output_word_file": None,
        "num_workers": 0,
        "batch_size": 32,
        "align_layer": layer,
        "extraction": extraction,
        "softmax_threshold": threshold,
        "device": torch.device(device),
    }

    def align(joined: str | Path, links: str | Path) -> None:
        word_align(Namespace(data_file=str(joined), output_file=str(links), **options), model, tokenizer)

    return align


def _bert(checkpoint: Path) -> Any:
    """Its model; it reads pickles alone, so that the weights of a checkpoint without one are handed over."""
    from awesome_align.configuration_bert import BertConfig
    from awesome_align.modeling import BertForMaskedLM

    if (checkpoint / "pytorch_model.bin").exists():
        return BertForMaskedLM.from_pretrained(str(checkpoint))
    model = BertForMaskedLM(BertConfig.from_pretrained(str(checkpoint)))
    load_bert(model, load_file(checkpoint / "model.safetensors"))
    return model


def load_bert(model: Any, weights: dict[str, torch.Tensor]) -> None:
    """Put BERT's weights into its model.

    Raises:
        ValueError: they are not BERT's.
    """
    missing, unexpected = model.bert.load_state_dict(weights, strict=False)
    if unexpected or any(not name.startswith("pooler") for name in missing):
        raise ValueError(f"not BERT's weights: {[*missing, *unexpected][:3]}")


def _tokenizer(checkpoint: Path) -> Any:
    from awesome_align.tokenization_bert import BertTokenizer

    if (checkpoint / "vocab.txt").exists():
        return BertTokenizer.from_pretrained(str(checkpoint), do_lower_case=False)
    return OtherTokenizer(checkpoint)


class OtherTokenizer:
    """What awesome-align asks of a tokenizer, from transformers' own."""

    def __init__(self, checkpoint: Path) -> None:
        from transformers import AutoTokenizer

        self._tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        self.pad_token_id = self._tokenizer.pad_token_id
        self.cls_token_id = self._tokenizer.cls_token_id
        self.sep_token_id = self._tokenizer.sep_token_id
        self.max_len = self._tokenizer.model_max_length

    def tokenize(self, word: str) -> list[str]:
        return list(self._tokenizer.tokenize(word))

    def convert_tokens_to_ids(self, subwords: list[str]) -> list[int]:
        return list(self._tokenizer.convert_tokens_to_ids(subwords))

    def prepare_for_model(self, ids: list[int], return_tensors: str, max_length: int) -> dict[str, Any]:
        whole = [self.cls_token_id, *ids[: max_length - 2], self.sep_token_id]
        return {"input_ids": torch.tensor([whole])}

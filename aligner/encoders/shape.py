"""The numbers in config.json that decide the size of a model, checked before the model is built.

Each number has bounds of its own. All together must not require more weights than the files of the checkpoint can
contain. Encoders in torch alone use a `Shape`. For models that transformers builds, `check_numbers` checks the same
numbers under the names that they have in their family.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ..errors import ModelError
from ..json_file import shortened

_WEIGHTS = ("*.safetensors", "*.bin", "*.pt")
# Weights are stored in four bits or more. A checkpoint that would need more than this per byte is not complete.
_WEIGHTS_PER_BYTE = 8


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of a number in config.json, inclusive.

    `whole`: it must be a whole number. `also`: its other names. `absent`: values that mean "none" in families without a
    file here.
    """

    lowest: float
    highest: float
    whole: bool = True
    also: tuple[str, ...] = ()
    absent: tuple[object, ...] = ()

    def check(self, value: object, name: str, where: Path | str) -> None:
        """ModelError, with name and value, unless the value is within the bounds."""
        is_number = isinstance(value, int if self.whole else (int, float)) and not isinstance(value, bool)
        if is_number and self.lowest <= value <= self.highest:  # type: ignore[operator]
            return
        kind = "a whole number" if self.whole else "a number"
        raise ModelError(
            f"{where}: {name} is {shortened(value)}; expected {kind} from {self.lowest:g} to {self.highest:g}"
        )


def _size(
    highest: int, *also: str, lowest: int = 1, absent: tuple[object, ...] = (), default: Any = MISSING
) -> Any:
    return field(default=default, metadata={"bounds": Bounds(lowest, highest, True, also, absent)})


def _share(*also: str) -> Any:
    return field(default=0.1, metadata={"bounds": Bounds(0, 1, False, also)})


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The numbers of config.json that decide the size of a model, with their names in transformers."""

    vocab_size: int = _size(10**7, "n_words")
    hidden_size: int = _size(10**5, "emb_dim", "dim", "d_model", "n_embd")
    num_hidden_layers: int = _size(1_000, "n_layers", "encoder_layers", "num_layers", "n_layer")
    num_attention_heads: int = _size(1_000, "n_heads", "encoder_attention_heads", "num_heads", "n_head")
    intermediate_size: int = _size(10**6, "hidden_dim", "encoder_ffn_dim", "d_ff", "n_inner", absent=(None,))
    max_position_embeddings: int = _size(10**7, "n_positions", absent=(None, -1))
    type_vocab_size: int = _size(10**4, absent=(0,), default=1)
    pad_token_id: int = _size(10**7, "pad_index", lowest=0, absent=(None, -1), default=1)
    layer_norm_eps: float = field(
        default=1e-5, metadata={"bounds": Bounds(0, 0.1, False, ("layer_norm_epsilon",))}
    )
    hidden_dropout_prob: float = _share("dropout", "dropout_rate")
    attention_probs_dropout_prob: float = _share("attention_dropout")

    @classmethod
    def of(cls, config: Mapping[str, Any], where: Path | str = "config.json", **usual: float) -> Shape:
        """The shape that `config`, which was read from `where`, describes.

        Args:
            usual: the defaults of the family.

        Raises:
            ModelError: a number is missing or out of bounds, or two do not go together.
        """
        numbers: dict[str, Any] = dict(usual)
        for each in fields(cls):
            if each.name in config:
                numbers[each.name] = config[each.name]
            elif each.name not in usual and each.default is MISSING:
                raise ModelError(f"{where}: {each.name} is missing")
        for name, value in numbers.items():
            _BOUNDS[name].check(value, name, where)
        shape = cls(**numbers)
        _check_together(asdict(shape), where, {name: name for name in _BOUNDS})
        return shape


_BOUNDS: dict[str, Bounds] = {each.name: each.metadata["bounds"] for each in fields(Shape)}
# Keys of single families: the number of languages that XLM embeds, and the factor by which X-MOD's adapters narrow.
_OTHER_BOUNDS = {"n_langs": Bounds(1, 10**4), "adapter_reduction_factor": Bounds(0.1, 10**4, False)}


# Keys for the width of the embeddings, which in some families is not that of the hidden states.
_WIDTHS = ("hidden_size", *_BOUNDS["hidden_size"].also, "embedding_size", "word_embed_proj_dim", "d_embed")


def check_numbers(config: Mapping[str, Any], folder: Path, where: Path, is_known: bool) -> None:
    """ModelError unless the numbers of a config fit together, and fit the weights in `folder`.

    `is_known`: the family has a file here. Other families may lack a number, and may share weights among blocks.
    """
    numbers: dict[str, Any] = {}
    called: dict[str, str] = {}
    for name, bounds in {**_BOUNDS, **_OTHER_BOUNDS}.items():
        for key in (name, *bounds.also):
            if key in config and (is_known or config[key] not in bounds.absent):
                bounds.check(config[key], key, where)
                numbers.setdefault(name, config[key])
                called.setdefault(name, key)
    if is_known:
        _check_together(numbers, where, called)
        check_weights_fit(_count_weights(numbers), folder, where)
    else:
        widths = [config[key] for key in _WIDTHS if type(config.get(key)) is int]
        check_weights_fit(numbers.get("vocab_size", 0) * min(widths, default=0), folder, where)


def check_weights_fit(count: int, folder: Path, where: Path | str) -> None:
    """ModelError if the files in `folder` cannot hold so many weights."""
    stored = sum(file.stat().st_size for pattern in _WEIGHTS for file in folder.glob(pattern))
    if count > stored * _WEIGHTS_PER_BYTE:
        raise ModelError(
            f"{where}: its sizes make a model of {count:,} weights or more, but the files of weights beside it have "
            f"{stored:,} bytes: a size is wrong, or a file is not complete"
        )


def _count_weights(numbers: Mapping[str, Any]) -> int:
    width, layers = numbers.get("hidden_size", 0), numbers.get("num_hidden_layers", 0)
    rows = sum(numbers.get(name, 0) for name in ("vocab_size", "max_position_embeddings", "type_vocab_size"))
    in_block = 4 * width**2 + 2 * width * numbers.get("intermediate_size", 0)
    return int(rows * width + layers * in_block)


def _check_together(numbers: Mapping[str, Any], where: Path | str, called: Mapping[str, str]) -> None:
    """ModelError unless heads divide the width, and padding is in the vocabulary. `called`: their names in the file."""
    width, heads = numbers.get("hidden_size"), numbers.get("num_attention_heads", 1)
    if width is not None and width % heads:
        raise ModelError(
            f"{where}: {called['num_attention_heads']} is {heads}, which does not divide "
            f"{called['hidden_size']}, {width}"
        )
    pad, vocabulary = numbers.get("pad_token_id", 0), numbers.get("vocab_size", math.inf)
    if pad >= vocabulary:
        raise ModelError(
            f"{where}: {called['pad_token_id']} is {pad}, but {called['vocab_size']} is {vocabulary}"
        )

"""Sentences -> the hidden states of chosen layers, a row per subword, and a file of them.

    layer_8           (subwords of all sentences, width)   float32; one such array per layer
    word_index        (subwords of all sentences,)         the word of its sentence that a subword belongs to
    sentence_offsets  (sentences + 1,)                     sentence k has rows offsets[k] up to offsets[k + 1]

Special subwords are left out. Everything is held in memory, 3 kB per subword and layer for a width of 768.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file

from .batches import Geometry, build, encode_within, plan
from .encoders.base import Encoder
from .errors import OptionError, reason_of
from .files import replacing
from .input_shape import InputShape
from .subwords import Splitter, runs

SUFFIXES = (".safetensors", ".npz")


@dataclass(frozen=True, eq=False)
class HiddenStates:
    """The content of the file. Shape of the array of a layer: (subwords of all sentences, width)"""

    layers: dict[int, NDArray[np.float32]]
    word_index: NDArray[np.int64]
    sentence_offsets: NDArray[np.int64]

    def save(self, path: Path) -> None:
        """Write a .safetensors or .npz file."""
        arrays: dict[str, Any] = {
            **{f"layer_{layer}": states for layer, states in self.layers.items()},
            "word_index": self.word_index,
            "sentence_offsets": self.sentence_offsets,
        }
        check_suffix(path)
        try:
            with replacing(path, keep=False) as place:
                if path.suffix == ".npz":
                    with place.open("wb") as file:
                        np.savez(file, **arrays)
                else:
                    save_file(arrays, place)
        except (OSError, SafetensorError) as error:
            raise OptionError(f"{path}: cannot be written: {reason_of(error)}") from error


def check_suffix(path: Path) -> None:
    """Raise OptionError unless hidden states can be written to a file of this name."""
    if path.suffix not in SUFFIXES:
        raise OptionError(f"{path}: expected a name that ends in {' or '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise OptionError(f"{path}: there is no folder {path.parent} to write it to")


def hidden_states(
    encoder: Encoder,
    sentences: Sequence[Sequence[str]],
    layers: Sequence[int],
    language: str | None = None,
    batch_tokens: int = 8192,
) -> HiddenStates:
    """Encode each sentence on its own; one beyond the encoder's limit in overlapping windows.

    Args:
        sentences: the words of each sentence.
        language: of all sentences, if the encoder needs to know it.
        batch_tokens: the most subwords in a batch, padding included.
    """
    encoder.check_layers(layers)
    language_id = encoder.language_id(language) if encoder.languages else None
    text = Splitter(encoder, language)(sentences)
    alone = InputShape()  # separate
    geometry = Geometry.of(encoder, alone, None if language_id is None else (language_id, language_id))
    shape = (len(layers), len(text.ids), encoder.width)
    states = np.zeros(shape, dtype=np.float32)
    # Batches hold pairs: each sentence is paired with itself, and only one side is encoded.
    for numbers in plan(text, text, geometry, 2 * batch_tokens):
        batch = build(text, text, numbers, geometry).to(encoder.device)
        with torch.inference_mode():
            encoded = encode_within(encoder, batch.inputs[0], layers, batch_tokens)
            real = batch.source.places[batch.source.mask]
            rows = runs(text.starts[numbers], text.sizes[numbers])
            states[:, rows] = encoded[:, real].float().cpu().numpy()
    by_layer = dict(zip(layers, states, strict=True))
    return HiddenStates(by_layer, word_index=text.words, sentence_offsets=text.starts)

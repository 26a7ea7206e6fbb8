"""One line per family: are our hidden states transformers' own?"""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoModel

from xalign.encoder_input import EncoderInput
from xalign.encoders.base import Encoder

GERMAN = ["Das", "Haus", "ist", "klein"]
ENGLISH = ["The", "house", "behind", "the", "garden", "is", "small"]
SENTENCES = (GERMAN, ENGLISH, ["Hello", "world", "!"])


def flat_ids(encoder: Encoder, words: list[str], language: str | None = None) -> list[int]:
    return [number for word in encoder.subword_ids(words, language) for number in word]


def sentences(encoder: Encoder, rows: tuple[list[str], ...] = SENTENCES) -> EncoderInput:
    """Each row a sentence of its own."""
    ids = [[*encoder.specials.before, *flat_ids(encoder, row), *encoder.specials.after] for row in rows]
    return padded(encoder, ids, [[0] * len(row) for row in ids])


def pairs(
    encoder: Encoder, rows: tuple[tuple[list[str], list[str]], ...] = ((GERMAN, ENGLISH),)
) -> EncoderInput:
    """Each row a pair in one sequence."""
    ids, sides = [], []
    for source, target in rows:
        left = [*encoder.specials.before, *flat_ids(encoder, source), *encoder.specials.between]
        right = [*flat_ids(encoder, target), *encoder.specials.after]
        ids.append(left + right)
        sides.append([0] * len(left) + [1] * len(right))
    return padded(encoder, ids, sides)


def padded(encoder: Encoder, ids: list[list[int]], sides: list[list[int]]) -> EncoderInput:
    """All in the language whose id is 1, where the encoder needs one."""
    longest = max(map(len, ids))
    mask = torch.tensor([[True] * len(row) + [False] * (longest - len(row)) for row in ids])
    return EncoderInput(
        ids=torch.tensor([row + [encoder.pad_id] * (longest - len(row)) for row in ids]),
        mask=mask,
        sides=torch.tensor([row + [0] * (longest - len(row)) for row in sides]),
        languages=torch.full(mask.shape, 1) if encoder.languages and not encoder.default_language else None,
        padded=not bool(mask.all()),
    )


def assert_states_equal_transformers(encoder: Encoder, folder: Path, batch: EncoderInput, **inputs) -> None:
    """Every layer, at every real position, to 1e-5; `inputs` are what the model gets beyond ids and mask."""
    model = AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        expected = model(
            input_ids=batch.ids, attention_mask=batch.mask.long(), output_hidden_states=True, **inputs
        ).hidden_states
        states = encoder.encode(batch, range(encoder.layers + 1))
    assert len(expected) == encoder.layers + 1
    torch.testing.assert_close(
        states[:, batch.mask], torch.stack(expected)[:, batch.mask], atol=1e-5, rtol=1e-5
    )

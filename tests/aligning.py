"""What the tests of the aligner and its engine share: sentence pairs, and what is expected of the alignments."""

import random

import torch

from xalign.links import Alignment
from xalign.text.sentences import SentencePair

SOURCE = ["Das", "Haus", "ist", "klein", ",", "aber", "der", "Garten", "hinter", "dem"]
TARGET = ["The", "house", "is", "small", ",", "but", "the", "garden", "behind", "big", "."]
VOCABULARY = SOURCE + TARGET
FORWARD = {"extract": "forward"}
BACKWARD = {"extract": "backward"}
# Beyond the limit of the tiny checkpoints, which take some 60 subwords.
LONG = SentencePair(
    tuple(random.Random(1).choices(VOCABULARY, k=150)), tuple(random.Random(2).choices(VOCABULARY, k=110))
)
NO_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory"),
]


def some_pairs(count, longest=12, seed=0):
    """Pairs of random lengths; every seventh has an empty side."""
    chosen = random.Random(seed)

    def sentence():
        return tuple(chosen.choices(VOCABULARY, k=chosen.randint(1, longest)))

    return [SentencePair(sentence(), () if k % 7 == 6 else sentence()) for k in range(count)]


def links(alignments):
    return [alignment.links for alignment in alignments]


def one_by_one(aligner, pairs):
    return [next(aligner.align([pair])) for pair in pairs]


def fail_beyond(monkeypatch, encoder, rows, error):
    """Let the encoder raise `error` for more than `rows` sequences; returns how many it is asked for, each time."""
    encode, asked = encoder.encode, []

    def limited(batch, layers):
        asked.append(len(batch.ids))
        if len(batch.ids) > rows:
            raise error
        return encode(batch, layers)

    monkeypatch.setattr(encoder, "encode", limited)
    return asked


def fail_beyond_width(monkeypatch, encoder, width, error):
    """Let the encoder raise `error` for sequences of more than `width` subwords."""
    encode = encoder.encode

    def limited(batch, layers):
        if batch.ids.shape[1] > width:
            raise error
        return encode(batch, layers)

    monkeypatch.setattr(encoder, "encode", limited)


def assert_left_out(alignments, caplog, number, warning):
    """Pair `number` has no links, the others do, and the only warning of a line is of its line."""
    nothing = Alignment(scores=(), score=0.0)
    assert [k for k, each in enumerate(alignments, start=1) if each == nothing] == [number]
    [message] = [each.getMessage() for each in caplog.records if each.getMessage().startswith("line ")]
    assert message.startswith(f"line {number}: ") and warning in message
    assert {(each.name, each.levelname) for each in caplog.records} == {("xalign", "WARNING")}

"""`Aligner`: a model and a way of aligning with it. Sentence pairs -> alignments, in their order.

The stages composed: the engine (engine.py) encodes a stream of pairs, a comparison (comparison.py) finds links in what
the encoder says of them; with a lexicon (lexicon.py) it finds probabilities, and many pairs together give the links.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .anchors import anchored
from .blocks import Limits
from .comparison import Compared, Comparison
from .device import choose_device, choose_dtype
from .encoder import Encoder
from .engine import Engine
from .errors import InputError, OptionError
from .families import load_for_aligning
from .lexicon import link_together
from .links import Alignment
from .method import AlignOptions
from .models import DEFAULT, Preset, resolve
from .pairs import Pair, as_pair, as_pairs
from .sentences import SentencePair
from .subwords import Subwords
from .tokenization import splits
from .untokenized import watched

_NO_LINKS = Alignment(scores=(), score=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Everything that one alignment came from.

    `source`, `target`: the units compared, as text. `similarity`, `forward`, `backward`: over these units; the
    directions are those of the method, or of argmax where the method has none. Shape: (source, target).
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    similarity: NDArray[np.float32]
    forward: NDArray[np.bool_]
    backward: NDArray[np.bool_]
    alignment: Alignment


class Aligner:
    """An encoder and a way of aligning with it. One thread at a time may use it.

    `method`: what is compared and how links are read off that. `engine`: what runs it, with its stages.
    """

    def __init__(
        self,
        encoder: Encoder,
        preset: Preset,
        options: AlignOptions | None = None,
        limits: Limits | None = None,
    ) -> None:
        options, limits = options or AlignOptions(), limits or Limits()
        self.encoder = encoder
        self.preset = preset
        self.method = options.completed_by(preset)
        encoder.check_layers([self.method.layer])
        if self.method.lexicon:
            limits = replace(limits, compared=min(limits.compared, limits.cells))
        self.limits = limits
        self._split = splits(options.words, self.method.source_language, self.method.target_language)
        self.comparison = Comparison(self.method)
        self.engine = Engine(encoder, self.comparison, options.batch_tokens, limits)

    @classmethod
    def load(
        cls,
        model: str | os.PathLike[str] = DEFAULT,
        device: str = "auto",
        dtype: str = "auto",
        *,
        all_layers: bool = True,
        trust_remote_code: bool = False,
        limits: Limits | None = None,
        **options: Any,
    ) -> Aligner:
        """An aligner from a preset's name, a folder or a hub id; a path object is always a folder or an archive.

        >>> Aligner.load("mini").align([("das Haus", "the house")])  # doctest: +SKIP

        Args:
            all_layers: False drops the blocks above the layer that is compared, which saves their memory.
            trust_remote_code: runs the Python code that a checkpoint brings; without it such a checkpoint is refused.
            limits: how many pairs are taken at once, and how large they may be.
            options: the fields of `AlignOptions`.

        Raises:
            ModelError: the model is unknown or cannot be read.
            OptionError: an option is unknown, out of range, or two do not go together.
        """
        unknown = options.keys() - {field.name for field in fields(AlignOptions)}
        if unknown:
            raise OptionError(f"unknown option {min(unknown)!r}")
        preset, settled = resolve(_name(model)), AlignOptions(**options)
        method = settled.completed_by(preset)
        place = choose_device(device)
        precision = choose_dtype(dtype, place)
        highest = None if all_layers else method.layer
        used = replace(preset, encode=method.encode)
        encoder = load_for_aligning(used, place, precision, highest, trust_remote_code)
        return cls(encoder, preset, settled, limits)

    def align(self, pairs: Iterable[Pair]) -> Iterator[Alignment]:
        """One alignment per pair, in their order; a pair with an empty side has one without links.

        A pair that is too large, or does not fit into the memory, has one without links too; the logger "xalign" warns
        of it with its number, counted from 1. With a lexicon many pairs are taken together, and what is found in one
        depends on the others.

        Raises:
            InputError: something is no pair (pairs.py says what is). Of a list it is raised at the call.
        """
        return (alignment for _, alignment in self.align_pairs(pairs))

    def align_pairs(self, pairs: Iterable[Pair]) -> Iterator[tuple[SentencePair, Alignment]]:
        """As `align`, each alignment beside the pair that it belongs to.

        >>> for pair, alignment in aligner.align_pairs(read_files(source, target)): ...  # doctest: +SKIP

        Raises:
            InputError: as of `align`.
        """
        stream = watched(as_pairs(pairs, self._split))
        return ((pair, found) for pair, [found] in self._found(stream, [self.method.layer]))

    def align_layers(self, pairs: Iterable[Pair], layers: Sequence[int]) -> Iterator[dict[int, Alignment]]:
        """As `align`, one alignment per pair and layer, in one pass of the encoder.

        Raises:
            InputError: as of `align`.
            LayerError: the encoder has no such layer.
        """
        self.encoder.check_layers(layers)
        return (
            dict(zip(layers, found, strict=True))
            for _, found in self._found(as_pairs(pairs, self._split), layers)
        )

    def compare(self, pairs: Iterable[Pair]) -> Iterator[tuple[SentencePair, Compared]]:
        """As `align_pairs`, each alignment with the similarity of words that its links were read off.

        Raises:
            InputError: as of `align`.
            OptionError: the aligner counts in a lexicon, whose links are not read off a similarity.
        """
        if self.method.lexicon:
            raise OptionError("links of a lexicon come from no similarity: load an aligner without one")
        nothing = Compared(_NO_LINKS, np.zeros((0, 0), dtype=np.float32))
        find = self.comparison.link_with_similarity
        stream = watched(as_pairs(pairs, self._split))
        compared = self.engine.run(stream, [self.method.layer], find, nothing)
        return (
            (pair, found._replace(alignment=anchored(pair, found.alignment))) for pair, [found] in compared
        )

    def explain(self, pair: Pair) -> Explanation:
        """The alignment of one pair with all that led to it.

        Raises:
            InputError: it is no pair, or too large.
            OptionError: a side of the pair is empty, or the aligner counts in a lexicon.
        """
        if self.method.lexicon:
            raise OptionError("a pair alone has no lexicon: load an aligner without one to explain it")
        sentences = as_pair(pair, self._split)
        block = self.engine.prepare([sentences])
        if block.left_out:
            raise InputError(block.left_out[0])
        if not block.batches:
            raise OptionError("there is nothing to explain: a side of the pair has no subwords")
        [(_, batch)] = block.batches
        batch = batch.to(self.encoder.device)
        source, target = self.engine.encode(batch, [self.method.layer])[0]
        scores = self.comparison.similarity(source, target)
        directions = self.comparison.directions(scores, source, target)
        forward, backward = (direction.links[0].cpu().numpy() for direction in directions)
        return Explanation(
            source=self._texts(block.source, sentences.source),
            target=self._texts(block.target, sentences.target),
            similarity=scores[0].cpu().numpy(),
            forward=forward,
            backward=backward,
            alignment=anchored(sentences, self.comparison.link(batch, source, target)[0]),
        )

    def _found(
        self, pairs: Iterator[SentencePair], layers: Sequence[int]
    ) -> Iterator[tuple[SentencePair, list[Alignment]]]:
        """Each pair with its alignments, one per layer."""
        for pair, found in self._linked(pairs, layers):
            yield pair, [anchored(pair, alignment) for alignment in found]

    def _linked(
        self, pairs: Iterator[SentencePair], layers: Sequence[int]
    ) -> Iterator[tuple[SentencePair, list[Alignment]]]:
        if not self.method.lexicon:
            return self.engine.run(pairs, layers, self.comparison.link, _NO_LINKS)
        modelled = self.engine.run(pairs, layers, self.comparison.probabilities, None)
        method, limits = self.method, self.limits
        return link_together(modelled, method.lexicon, method.threshold, limits.together, limits.cells)

    def _texts(self, text: Subwords, words: tuple[str, ...]) -> tuple[str, ...]:
        if self.method.level == "word":
            return words
        return tuple(self.encoder.pieces(text.ids.tolist()))


def _name(model: str | os.PathLike[str]) -> str:
    """What `resolve` takes; a path that is the name of a preset too is the path."""
    if isinstance(model, str):
        return model
    try:
        return os.path.join(os.curdir, model)  # noqa: PTH118
    except TypeError:
        raise OptionError(f"model is {model!r}: it must be a name, a folder or a hub id") from None

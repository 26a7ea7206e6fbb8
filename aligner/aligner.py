"""`Aligner`: a model and a way of aligning with it. Sentence pairs -> alignments, in their order.

This composes the stages: the engine (engine.py) encodes a stream of pairs, and a comparison (comparison.py) finds links
in their hidden states. With a lexicon (lexicon.py) it computes probabilities, and many pairs together give the links.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Unpack

import numpy as np

from .anchors import anchored
from .blocks import Limits, taken_with
from .calibration import Calibration
from .comparison import Compared, Comparison
from .device import choose_device, choose_dtype, use_one_thread_if_forked
from .encoders.base import Encoder, WholeEncoder
from .encoders.families import load_for_aligning
from .engine import Engine, Finding
from .errors import InputError, ModelError, OptionError
from .explanation import Explanation
from .export import export
from .languages import warn_of_language
from .linking import aligned
from .links import NOT_ALIGNED, Alignment
from .method import Level
from .models import DEFAULT, lasting_name, name_of, resolve
from .models.hub import checkpoint_folder, upload
from .models.preset import Options, Preset
from .options import switches, with_keywords
from .passages import joined_alignment, joined_comparison, joined_directions
from .subwords import Subwords
from .text.pairs import Pair, Side, as_pair, as_pairs, from_columns
from .text.sentences import SentencePair
from .text.tokenization import splits
from .text.untokenized import Watcher

logger = logging.getLogger("xalign")
_Loaded = tuple[str, str, str, dict[str, Any]]
"""The arguments of `Aligner.load`: model, device, dtype and keywords."""


class Aligner:
    """An encoder and a method of alignment. Only one thread at a time may use it.

    `preset`: that of the model. `input`, `method`, `run`: the preset with the options applied: how pairs are encoded,
    how links are found, and the languages. `engine`: runs the stages.
    """

    @with_keywords(Options)
    def __init__(
        self,
        encoder: Encoder,
        preset: Preset | None = None,
        limits: Limits | None = None,
        calibration: Calibration | None = None,
        **options: Unpack[Options],
    ) -> None:
        """`preset`: by default that of the encoder. `calibration`: of its scores; it is ignored for other methods.

        Raises:
            OptionError: as `load`.
        """
        self.encoder = encoder
        self.preset = preset or encoder.preset
        self._loaded: _Loaded | None = None
        settled, self.run = self.preset.with_options(options)
        self.input, self.method = settled.input, settled.method
        loaded = encoder.input
        if (self.input.positions, self.input.segments) != (loaded.positions, loaded.segments):
            raise OptionError("positions and segments are those that the encoder was loaded with")
        self.layer = self.method.layer_of(self.preset.name)
        encoder.check_layers([self.layer])
        if not encoder.languages:
            for language in (self.run.source_language, self.run.target_language):
                if language is not None and not self.preset.about.lists(language):
                    warn_of_language(self.preset.name, language)
        limits = Limits.of(limits)
        if self.method.lexicon:
            limits = replace(limits, compared=min(limits.compared, limits.cells))
        self.limits = limits
        self._split = splits(self.run.words, self.run.source_language, self.run.target_language)
        self._watcher = Watcher()
        self.calibration = calibration if settled.scores_as(self.preset) else None
        self.comparison = Comparison(self.method, self.calibration)
        self.engine = Engine(encoder, self.comparison, self.input, self.run, limits)

    @classmethod
    @with_keywords(Options)
    def load(
        cls,
        model: str | os.PathLike[str] = DEFAULT,
        device: str = "auto",
        dtype: str = "auto",
        *,
        all_layers: bool = True,
        trust_remote_code: bool = False,
        calibrated: bool = True,
        limits: Limits | None = None,
        **options: Unpack[Options],
    ) -> Aligner:
        """An aligner from a preset's name, a folder or a hub id; a path object is always a folder or an archive.

        >>> Aligner.load("mini").align([("das Haus", "the house")])  # doctest: +SKIP

        Args:
            all_layers: False drops the blocks above the layer that is compared, which saves memory.
            trust_remote_code: allows a checkpoint to run its own Python code; otherwise such a checkpoint is refused.
            calibrated: False gives the scores of the method where the model has probabilities for them
                (calibration.py).
            limits: how many pairs are computed at once, and how large they may be.
            options: `layer`, `encode`, `similarity`, `extract`, `threshold`, `level`, ...: the keys of `Options`, which
                are options of the command line too (docs/methods.md). None keeps the value of the preset.

        Raises:
            ModelError: the model is unknown or cannot be read.
            OptionError: an option is unknown, out of range, or two do not go together.
        """
        how = switches(all_layers=all_layers, trust_remote_code=trust_remote_code, calibrated=calibrated)
        limits = Limits.of(limits)
        preset = resolve(name_of(model))
        settled, _ = preset.with_options(options)
        layer = settled.method.layer_of(settled.name)
        place = choose_device(device)
        precision = choose_dtype(dtype, place)
        encoder = load_for_aligning(
            settled, place, precision, None if all_layers else layer, trust_remote_code
        )
        folder = checkpoint_folder(preset.checkpoint.place)
        calibration = Calibration.beside(folder, encoder.width) if calibrated else None
        aligner = cls(encoder, preset, limits, calibration, **options)
        aligner._loaded = lasting_name(model), device, dtype, {**how, "limits": limits, **options}
        logger.info("aligning with %s", aligner._summary())
        return aligner

    from_pretrained = load

    def save_pretrained(self, folder: str | os.PathLike[str]) -> None:
        """Save the model and the method of this aligner in a new or empty folder, for `load(folder)`.

        The checkpoint is in float32, and transformers can read it, too. It does not contain how text is split
        (`words`), languages, device and dtype: give them to `load` again.

        Raises:
            OptionError: the folder is not empty.
        """
        whole = self.encoder if isinstance(self.encoder, WholeEncoder) else None
        trusts = self._loaded is not None and self._loaded[-1]["trust_remote_code"]
        described = replace(self.preset, input=self.input, method=self.method)
        export(described, Path(folder), whole, trusts, self.calibration)

    def push_to_hub(self, repo_id: str, *, private: bool | None = None, token: str | None = None) -> str:
        """Upload what `save_pretrained` writes to the Hugging Face hub, for `load(repo_id)`; returns its address.

        Args:
            repo_id: `owner/name`; it is created if there is none.
            private: of a new repository; by default what its owner has chosen.
            token: by default that of `hf auth login`.

        Raises:
            ModelError: it cannot be uploaded.
        """
        with TemporaryDirectory(prefix="xalign-") as folder:
            self.save_pretrained(folder)
            return upload(Path(folder), repo_id, private, token)

    def __call__(self, source: Side, target: Side) -> Alignment:
        """The alignment of one pair; each side is a text or a list of words.

        >>> print(aligner("das Haus", "the house"))  # doctest: +SKIP
        0-0 1-1

        Raises:
            InputError: as `align`.
        """
        [alignment] = self.align([(source, target)])
        return alignment

    def __repr__(self) -> str:
        return f"<Aligner {self._summary()}>"

    def _summary(self) -> str:
        encoder = self.encoder
        dtype = str(encoder.dtype).removeprefix("torch.")
        method = "lexicon" if self.method.lexicon else self.method.extract
        return f"{self.preset.name}: layer {self.layer}, {method}; {dtype} on {encoder.device}"

    def __reduce__(self) -> tuple[Callable[..., Aligner], tuple[type[Aligner], *_Loaded]]:
        """Pickles and copies contain the arguments of `load`, not the weights."""
        if self._loaded is None:
            raise ModelError(
                "this aligner was not made by Aligner.load, and does not know where its weights are: "
                "it can be neither pickled nor copied"
            )
        return _loaded_again, (type(self), *self._loaded)

    def align(self, pairs: Iterable[Pair]) -> Iterator[Alignment]:
        """One alignment per pair, in the order of the pairs; that of a pair with an empty side has no links.

        A pair that is too large, or does not fit into memory, gets no links either; the logger "xalign" warns, with the
        number of the pair, counted from 1. With a lexicon the links of a pair depend on the other pairs.

        Raises:
            InputError: an item is not a pair (see pairs.py). For a list this is raised at the call.
        """
        return (alignment for _, alignment in self.align_pairs(pairs))

    def align_pairs(self, pairs: Iterable[Pair], first: int = 0) -> Iterator[tuple[SentencePair, Alignment]]:
        """As `align`, but each alignment comes with its pair.

        >>> for pair, alignment in aligner.align_pairs(read_files(source, target)): ...  # doctest: +SKIP

        Args:
            first: number of pairs of the text before these (see `taken_with`).
        """
        stream = self._watcher.watched(as_pairs(pairs, self._split), first)
        return ((pair, found) for pair, [found] in self._found(stream, [self.layer], first))

    def taken_with(self, first: int, end: int | None = None) -> tuple[int, int | None]:
        """Which pairs of a text to read, from and up to, in order to align those from `first` up to `end`.

        Pairs are counted from 0; None is the end of the text. Pairs are computed in blocks, and with a lexicon many
        pairs share it. If these pairs are read, `align_pairs` gives a part of a text the very links and scores that it
        has in the whole text.

        >>> start, stop = aligner.taken_with(1_000, 2_000)  # doctest: +SKIP
        >>> found = aligner.align_pairs(islice(pairs, start, stop), first=start)  # doctest: +SKIP
        >>> part = islice(found, 1_000 - start, 2_000 - start)  # doctest: +SKIP
        """
        together = self.limits.together if self.method.lexicon else None
        return taken_with(first, end, self.engine.block, self.limits.first_block, together)

    def map_batch(self, batch: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Columns in, columns out, as `datasets.Dataset.map(aligner.map_batch, batched=True)` wants it.

        Args:
            batch: the columns "src" and "tgt", "source" and "target", or "translation"; others are left alone.

        Returns:
            "links": a list of [source, target] for each pair; "scores": of these links; "score": of each pair.

        Raises:
            InputError: a column is missing, or an item is not a pair.
        """
        found = [alignment.to_dict() for alignment in self.align(from_columns(batch))]
        return {name: [fields.get(name) for fields in found] for name in ("links", "scores", "score")}

    def align_layers(self, pairs: Iterable[Pair], layers: Iterable[int]) -> Iterator[dict[int, Alignment]]:
        """As `align`, with one alignment per pair and layer, from one pass of the encoder.

        A calibration makes probabilities of the scores at the method's layer alone.

        Raises:
            InputError: as `align`.
            LayerError: the encoder has no such layer.
        """
        numbers = self.encoder.check_layers(layers)
        return (
            dict(zip(numbers, found, strict=True))
            for _, found in self._found(as_pairs(pairs, self._split), numbers)
        )

    def compare(self, pairs: Iterable[Pair]) -> Iterator[tuple[SentencePair, Compared]]:
        """As `align_pairs`, each alignment with the similarity matrix of the words.

        The matrix of a pair that cannot be aligned, since a side is empty or the pair is too large, is empty. Shape:
        (0, 0)

        Raises:
            InputError: as `align`.
            OptionError: the aligner uses a lexicon, whose links do not come from a similarity.
        """
        if self.method.lexicon:
            raise OptionError("links of a lexicon come from no similarity: load an aligner without one")
        nothing = Compared(NOT_ALIGNED, np.zeros((0, 0), dtype=np.float32))
        finding = Finding(Comparison.link_with_similarity, joined_comparison, nothing)
        stream = self._watcher.watched(as_pairs(pairs, self._split))
        compared = self.engine.run(stream, [self.layer], finding)
        return (
            (pair, found._replace(alignment=anchored(pair, found.alignment))) for pair, [found] in compared
        )

    def explain(self, pair: Pair) -> Explanation:
        """The alignment of one pair, with everything that it came from.

        Raises:
            InputError: `pair` is not a pair, or is too large.
            OptionError: a side is empty, the pair is aligned in passages, or the aligner uses a lexicon.
        """
        if self.method.lexicon:
            raise OptionError("a pair alone has no lexicon: load an aligner without one to explain it")
        sentences = as_pair(pair, self._split)
        block = self.engine.prepare([sentences], cut=False)
        if block.left_out:
            raise InputError(block.left_out[0])
        if (count := self.engine.count_passages(sentences, self.layer)) > 1:
            raise OptionError(f"the pair is aligned in {count} passages: explain one of its sentences")
        if not block.batches:
            raise OptionError("there is nothing to explain: a side of the pair has no subwords")
        batch = block.batches[0][1].to(self.encoder.device)
        source, target = self.engine.encode(batch, [self.layer])[0]
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
        self, pairs: Iterator[SentencePair], layers: Sequence[int], first: int = 0
    ) -> Iterator[tuple[SentencePair, list[Alignment]]]:
        """Each pair with its alignments, one per layer."""
        found = self.engine.run(pairs, layers, self.finding, first)
        return aligned(found, self.method, self.limits, first)

    @property
    def finding(self) -> Finding[Any]:
        """What the engine finds: alignments, or with a lexicon probabilities for `aligned`."""
        if self.method.lexicon:
            return Finding(Comparison.probabilities, joined_directions, None)
        return Finding(Comparison.link, joined_alignment, NOT_ALIGNED)

    def _texts(self, text: Subwords, words: tuple[str, ...]) -> tuple[str, ...]:
        if self.method.level is Level.WORD:
            return words
        return tuple(self.encoder.pieces(text.ids.tolist()))


def _loaded_again(
    kind: type[Aligner], model: str, device: str, dtype: str, keywords: dict[str, Any]
) -> Aligner:
    use_one_thread_if_forked()
    return kind.load(model, device, dtype, **keywords)

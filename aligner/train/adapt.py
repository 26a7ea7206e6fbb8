"""Text without links -> an encoder that aligns it better. Each round makes links and trains on them.

The model gives the probability of each link, in both directions. A lexicon is estimated from them over the whole text
and combined with them (lexicon.py). What is then probable in both directions is a link. A model that was trained on
these links finds better ones for the next round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path

import torch

from ..aligner import Aligner
from ..device import choose_dtype
from ..encoders.base import Encoder
from ..encoders.families import load_encoder, load_for_aligning
from ..files import writing
from ..files.filling import filling
from ..formats import format_pharaoh
from ..models import resolve
from ..text.sentences import read_files
from .checkpoint import best_mean, expect_new, expect_same, finished_steps, no_state, save_checkpoint
from .corpus import CorpusFiles
from .log import Progress
from .options import AdaptingOptions, TrainOptions
from .processes import PartialState
from .run import Plan, Setup, carry_out

LABELLING = timedelta(days=1)  # the longest time that other processes wait while the first one makes links


def adapt(
    plan: Plan,
    options: TrainOptions,
    adapting: AdaptingOptions,
    device: torch.device | str = "cpu",
    resume: bool = False,
    report: Callable[[Progress], None] = lambda progress: None,
    stepped: Callable[[int], None] = lambda step: None,
) -> None:
    """Carry out a plan whose corpora have no links, `options.steps` steps in each round.

    What is wrong with the plan or its files is told before links are made, as far as it can be known then.

    The links of the last round are kept beside the checkpoint, as `labels-1.align` for the first corpus and so on.
    Each earlier round has a folder, `round-1` and so on, within `plan.out`. With development sets, `plan.out` gets the
    best weights of all rounds. `stepped` counts the steps of all rounds.

    Raises:
        As `run`.
    """
    outs = [*(plan.out / f"round-{number}" for number in range(1, adapting.rounds)), plan.out]
    if not resume:
        for out in outs:
            expect_new(out)
    elif not any(map(finished_steps, outs)):
        raise no_state(plan.out)
    Setup.of(plan, options.seed)
    kept = {
        **plan.kept(options.optimizer),
        "rounds": str(adapting.rounds),
        "lexicon_rounds": str(adapting.lexicon_rounds),
        "the text": _fingerprint(plan.corpora),
    }
    if resume:
        for out in outs:
            expect_same(out, kept, options.steps)
    process = PartialState(cpu=torch.device(device).type == "cpu", timeout=LABELLING)
    init = plan.init
    for number, out in enumerate(outs):
        labels = [out / f"labels-{k}.align" for k in range(1, len(plan.corpora) + 1)]
        corpora = [replace(files, links=path) for files, path in zip(plan.corpora, labels, strict=True)]
        ours = replace(plan, init=init, out=out, corpora=corpora, plot=plan.plot if out == plan.out else None)
        done = finished_steps(out)
        if done < options.steps:
            if not done and process.is_main_process:
                with filling(out):
                    out.mkdir(parents=True, exist_ok=True)
                preset, place = ours.preset(), torch.device(device)
                precision = choose_dtype(options.dtype, place)
                encoder = load_for_aligning(preset, place, precision, preset.method.layer_of(preset.name))
                _label(encoder, plan.corpora, labels, adapting.lexicon_rounds)
            process.wait_for_everyone()
            counted = _counted_on(stepped, number * options.steps)
            carry_out(ours, options, device, done > 0, report, counted, kept)
        init = str(out)
    if plan.development and process.is_main_process:
        _copy_best(outs)


def _fingerprint(corpora: Sequence[CorpusFiles]) -> str:
    """The number of pairs and a digest of them, for an earlier text to be compared with.

    Raises:
        InputError: a text cannot be read.
    """
    digest, pairs = blake2b(digest_size=8), 0
    for files in corpora:
        for pair in read_files(files.source, files.target):
            pairs += 1
            digest.update("".join(f"{' '.join(side)}\n" for side in (pair.source, pair.target)).encode())
    return f"{pairs:,} pairs with the digest {digest.hexdigest()}"


def _counted_on(stepped: Callable[[int], None], before: int) -> Callable[[int], None]:
    return lambda step: stepped(before + step)


def _copy_best(outs: Sequence[Path]) -> None:
    """Put the weights of the best round into the last folder."""
    *earlier, last = outs
    best = min([last, *earlier], key=best_mean)
    if best != last:
        preset = resolve(str(best))
        save_checkpoint(load_encoder(preset), replace(preset, name=last.resolve().name), last)


def _label(
    encoder: Encoder, corpora: Sequence[CorpusFiles], labels: Sequence[Path], lexicon_rounds: int
) -> None:
    for files, path in zip(corpora, labels, strict=True):
        aligner = Aligner(
            encoder,
            lexicon=lexicon_rounds,
            source_language=files.source_language,
            target_language=files.target_language,
        )
        with writing(path) as file:
            for alignment in aligner.align(read_files(files.source, files.target)):
                file.write(f"{format_pharaoh(alignment)}\n".encode())

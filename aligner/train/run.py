"""A training run from files to a checkpoint folder: what `xalign train` calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from xalign.encoder import load_encoder
from xalign.errors import OptionError
from xalign.models import resolve
from xalign.train.checkpoint import save_checkpoint
from xalign.train.corpus import CorpusFiles, read_corpus
from xalign.train.development import DevelopmentFiles, evaluator
from xalign.train.loop import Progress, TrainOptions, train


def run(
    init: str,
    corpora: Sequence[CorpusFiles],
    development: Sequence[DevelopmentFiles],
    out: Path,
    options: TrainOptions,
    device: torch.device | str = "cpu",
    resume: bool = False,
    report: Callable[[Progress], None] = lambda progress: None,
) -> None:
    """Train the checkpoint `init` on `corpora`; leave the best weights with their preset in `out`.

    Raises:
        OptionError: the checkpoint's preset does not fit the objective.
        TrainingError: a corpus that cannot be trained on, a loss that is not a number, nothing to resume from.
    """
    preset = resolve(init)
    if preset.encode != "pair" or preset.level != "word":
        raise OptionError(
            f"{init} aligns {preset.level}s encoded {preset.encode}; training needs pair encoding and level word"
        )
    encoder = load_encoder(preset, device, torch.float32)
    preset = replace(preset, name=out.name, checkpoint=".", layer=encoder.layers)
    train(
        encoder,
        [read_corpus(files, encoder, encoder.limit) for files in corpora],
        out,
        options,
        resume=resume,
        evaluate=evaluator(development, encoder, preset) if development else None,
        save=lambda folder: save_checkpoint(encoder, preset, folder),
        report=report,
    )

r"""What does awesome-align's own training make of the encoder that `small` was made from?

    pip install . awesome-align==0.1.7
    python recipes/small/convert.py --out runs/small/encoder
    python benchmarks/awesome_training.py --encoder runs/small/encoder --text TEXT --out runs/awesome --steps 1000
    PYTHONPATH=recipes/mini python benchmarks/public_encoder.py --encoder runs/awesome/encoder \
        --only awesome-align --data DATA

awesome-align's training script runs here, with its defaults (two pairs at a time, an update after four times, learning
rate 2e-5) and its objectives TLM, SO and PSI. What it expects of multilingual BERT is arranged for around it:

- Padding is subword 0 for it, and not for the encoder: subwords are numbered anew while it trains.
- The encoder has no head that predicts masked words. One starts at random, and shares its weights with the embeddings,
  as BERT's does. It chooses among the subwords of the text, not among all 250,000, and its loss is computed at masked
  positions alone, which are the only ones that count in it. This makes it several times as fast.
- It cannot be resumed. Here the state is saved every `--save-steps` updates, and a later run goes on from there.

TEXT has "source ||| target" on a line. The layer and the threshold of the links that it teaches itself are those with
which it aligns best before (`public_encoder.py`).
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any

import torch
from awesome_align import run_train
from awesome_align.configuration_bert import BertConfig
from awesome_align.modeling import BertForMaskedLM
from other_aligners import OtherTokenizer, load_bert
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

EMBEDDINGS = "embeddings.word_embeddings.weight"
STATE, ENCODER, WEIGHTS = "state.pt", "encoder", "model.safetensors"
SEED = 42  # awesome-align's


class TimeIsUp(Exception):
    """So many minutes, or updates, are over, and the state is saved."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", type=Path, required=True, help="what recipes/small/convert.py writes")
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument(
        "--out", type=Path, required=True, help="a folder; if it has a state, training goes on"
    )
    parser.add_argument("--steps", type=int, default=20_000, help="updates until the learning rate is 0")
    parser.add_argument("--minutes", type=float, default=1e9, help="save and stop after so many")
    parser.add_argument("--save-steps", type=int, default=50)
    parser.add_argument("--objectives", nargs="+", default=["tlm", "so", "psi"])
    parser.add_argument("--layer", type=int, default=7)
    parser.add_argument("--threshold", type=float, default=0.5)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    run = Run(options)
    run_train.BertTokenizer = SimpleNamespace(from_pretrained=run.make_tokenizer)  # in place of its own
    run_train.BertForMaskedLM = SimpleNamespace(from_pretrained=run.make_model)
    run_train.get_linear_schedule_with_warmup = run.schedule
    sys.argv = ["awesome-train", "--do_train", "--no_cuda", "--overwrite_output_dir"]
    sys.argv += [f"--train_{objective}" for objective in options.objectives]
    for name, value in {
        "train_data_file": options.text,
        "model_name_or_path": options.encoder,
        "output_dir": options.out,
        "max_steps": options.steps,
        "num_train_epochs": 1000,  # `max_steps` decides
        "align_layer": options.layer,
        "softmax_threshold": options.threshold,
        "save_steps": 0,
        "logging_steps": options.save_steps,
        "seed": SEED + run.done,  # a resumed run draws other pairs
    }.items():
        sys.argv += [f"--{name}", str(value)]
    try:
        run_train.main()
    except TimeIsUp:
        print(f"{run.done} updates: {options.out / ENCODER}", flush=True)


class Tokenizer(OtherTokenizer):
    """The encoder's subwords as far as the text has them, numbered from padding on, and what masking asks for.

    `rows`: by their new numbers, the rows of the encoder's embeddings.
    """

    mask_token = "<mask>"

    def __init__(self, checkpoint: Path, text: Path) -> None:
        super().__init__(checkpoint)
        with text.open(encoding="utf-8") as lines:
            distinct = sorted({word for line in lines for word in line.split()})
        self._pieces = {word: super(Tokenizer, self).tokenize(word) for word in distinct}
        pieces = sorted({self.mask_token, *(piece for split in self._pieces.values() for piece in split)})
        row_of = dict(zip(pieces, super().convert_tokens_to_ids(pieces), strict=True))
        first = [self.pad_token_id, self.cls_token_id, self.sep_token_id]
        self.rows = [*first, *sorted(set(row_of.values()).difference(first))]
        numbers = {row: number for number, row in enumerate(self.rows)}
        self._numbers = {piece: numbers[row] for piece, row in row_of.items()}
        self.pad_token_id, self.cls_token_id, self.sep_token_id = range(3)
        self._pad_token = "<pad>"

    def __len__(self) -> int:
        return len(self.rows)

    def tokenize(self, word: str) -> list[str]:
        return self._pieces[word]

    def convert_tokens_to_ids(self, subwords: Any) -> Any:
        return (
            self._numbers[subwords]
            if isinstance(subwords, str)
            else [self._numbers[each] for each in subwords]
        )

    def get_special_tokens_mask(self, ids: Iterable[int], already_has_special_tokens: bool) -> list[int]:
        return [int(each in (self.cls_token_id, self.sep_token_id)) for each in ids]


class Model(BertForMaskedLM):
    """Its model, whose head for masked words shares the embeddings, and looks at masked positions alone."""

    def get_output_embeddings(self) -> torch.nn.Module:
        return self.cls.predictions.decoder

    def forward(self, inputs_src: Tensor, labels_src: Tensor | None = None, **given: Any) -> Tensor:
        if labels_src is None:
            return super().forward(inputs_src, **given)
        masked = labels_src != -100
        states = self.bert(inputs_src)[masked]
        losses = torch.nn.functional.cross_entropy(self.cls(states), labels_src[masked], reduction="none")
        of_rows = torch.zeros(len(inputs_src)).index_add(0, masked.nonzero()[:, 0], losses)
        return (of_rows / (masked.sum(1) + 1e-9)).mean()


class Run:
    """What is trained, from update to update."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.until = options, monotonic() + 60 * options.minutes
        path = options.out / STATE
        self.state = torch.load(path, weights_only=True) if path.exists() else None
        self.done = self.state["done"] if self.state else 0

    def make_tokenizer(self, checkpoint: str, **_: Any) -> Tokenizer:
        self.tokenizer = Tokenizer(Path(checkpoint), self.options.text)
        return self.tokenizer

    def make_model(self, checkpoint: str, config: BertConfig, **_: Any) -> Model:
        torch.manual_seed(SEED)
        weights = load_file(Path(checkpoint, WEIGHTS))
        weights[EMBEDDINGS] = weights[EMBEDDINGS][self.tokenizer.rows]
        config.vocab_size = len(self.tokenizer)
        self.model = Model(config)
        load_bert(self.model, weights)
        if self.state:
            self.model.load_state_dict(self.state["model"])
        return self.model

    def schedule(self, optimizer: torch.optim.Optimizer, **_: int) -> Run:
        """Its linear descent over all updates, those of earlier runs included."""
        self.optimizer = optimizer
        if self.state:
            optimizer.load_state_dict(self.state["optimizer"])
        self.state = None  # free its memory
        self.rate = LambdaLR(optimizer, lambda _: max(0.0, 1 - self.done / self.options.steps))
        return self

    def step(self) -> None:
        """After an update."""
        self.done += 1
        self.rate.step()
        over = self.done >= self.options.steps or monotonic() > self.until
        if over or self.done % self.options.save_steps == 0:
            self.save()
        if over:
            raise TimeIsUp

    def save(self) -> None:
        partial = self.options.out / f"{STATE}.partial"
        model, optimizer = self.model.state_dict(), self.optimizer.state_dict()
        torch.save({"done": self.done, "model": model, "optimizer": optimizer}, partial)
        partial.replace(self.options.out / STATE)
        folder = self.options.out / ENCODER
        shutil.copytree(self.options.encoder, folder, dirs_exist_ok=True, ignore=lambda *_: [WEIGHTS])
        weights = load_file(self.options.encoder / WEIGHTS)
        own = self.model.bert.state_dict()
        weights[EMBEDDINGS][self.tokenizer.rows] = own.pop(EMBEDDINGS)
        save_file({**weights, **own}, folder / WEIGHTS, metadata={"format": "pt"})


if __name__ == "__main__":
    main()

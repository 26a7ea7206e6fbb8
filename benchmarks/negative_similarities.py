"""Do the negative values that XLM-Align's published script leaves in the similarity change its links?

    python benchmarks/negative_similarities.py --model mini ../shared/data/gold/dev/xlwa_en-{es,it}_dev

The method replaces similarities S <= 0 by 1e-6; the script fills a copy and leaves them (docs/methods.md).
For every layer this prints how many similarities are not positive, how many of the method's links the script
lacks, and both AERs. Each folder holds `src`, `tgt` and `gold`, as the dev sets of the data folder do.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from xalign.aligner import Aligner
from xalign.batch_links import Links, real_pairs
from xalign.formats import read_alignments
from xalign.score.aer import Counts, count
from xalign.similarity import similarity
from xalign.text.sentences import SentencePair
from xalign.transport import xlm_align
from xalign.words import word_links


def as_the_script(scores: Tensor, source_mask: Tensor, target_mask: Tensor) -> Links:
    """Two rounds with the negative values left in. Shape: as `xalign.transport.xlm_align`."""
    real = real_pairs(source_mask, target_mask)
    rows = columns = scores.masked_fill(~real, 0)
    for _ in range(2):
        columns = rows / rows.sum(1, keepdim=True).masked_fill(~target_mask[:, None, :], 1)
        rows = columns / columns.sum(2, keepdim=True).masked_fill(~source_mask[:, :, None], 1)
    rows, columns = rows.masked_fill(~real, -torch.inf), columns.masked_fill(~real, -torch.inf)
    best = (rows == rows.amax(2, keepdim=True)) & (columns == columns.amax(1, keepdim=True))
    return Links(best & real, scores)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="mini")
    parser.add_argument("sets", nargs="+", type=Path)
    arguments = parser.parse_args()

    pairs, gold = [], []
    for folder in arguments.sets:
        sides = [(folder / name).read_text(encoding="utf-8").splitlines() for name in ("src", "tgt")]
        pairs += [SentencePair.of(*sentences) for sentences in zip(*sides, strict=True)]
        gold += read_alignments(folder / "gold")

    aligner = Aligner.load(arguments.model, dtype="float32", layer=0)
    print("layer   S <= 0   links lost   AER: method   script")
    for layer in range(aligner.encoder.layers + 1):
        negative = values = different = links = 0
        counts = [Counts(0, 0, 0, 0), Counts(0, 0, 0, 0)]
        for numbers, batch in aligner.engine.prepare(pairs).batches:
            source, target = aligner.engine.encode(batch, [layer])[0]
            scores = similarity(source.states, target.states, "dot")
            real = real_pairs(source.mask, target.mask)
            found = [rounds(scores, source.mask, target.mask) for rounds in (xlm_align, as_the_script)]
            negative += int(((scores <= 0) & real).sum())
            values += int(real.sum())
            different += int((found[0].links & ~found[1].links).sum())
            links += int(found[0].links.sum())
            words = source.words, target.words, batch.source.lengths, batch.target.lengths
            for which in (0, 1):
                for number, alignment in zip(numbers, word_links(found[which], *words), strict=True):
                    counts[which] += count(alignment, gold[number])
        shares = f"{negative / values:9.2%}{different / links:13.2%}"
        print(f"{layer:5}{shares}{100 * counts[0].aer:14.1f}{100 * counts[1].aer:9.1f}")


if __name__ == "__main__":
    main()

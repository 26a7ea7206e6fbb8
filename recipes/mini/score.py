"""A model's AER on the gold sets of the data folder with its 95 % interval, beside the diagonal's, and by length.

    python recipes/mini/score.py --data DATA --model mini                # what is reported
    python recipes/mini/score.py --data DATA --model mini --choosing     # what settings are chosen by

Which sentences are for which is said in gold.py.
"""

from __future__ import annotations

import data_folder
from gold import GoldSet, for_choosing, for_reporting

from xalign import Aligner
from xalign.links import Alignment
from xalign.score.aer import Counts, count, total
from xalign.score.significance import Interval, bootstrap_interval
from xalign.text.sentences import SentencePair

LENGTHS = (5, 10, 20, 40, 80, 1_000)  # words of the longer side, at most


def main() -> None:
    parser = data_folder.parser(__doc__)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--dtype", default="auto", help="as of xalign align")
    parser.add_argument("--extract")
    parser.add_argument("--threshold", type=float)
    parser.add_argument("--lexicon", action="store_true", help="use the co-occurrence of words in each set")
    parser.add_argument("--choosing", action="store_true", help="the sentences for choosing settings")
    options = parser.parse_args()
    method = {name: getattr(options, name) for name in ("extract", "threshold", "lexicon")}
    aligner = Aligner.load(options.model, dtype=options.dtype, **method)
    print(f"{'set':44} {'pairs':>5} {'P':>6} {'R':>6} {'AER':>6} {'95 %':>12} {'diagonal':>8}")
    scores: dict[str, float] = {}
    by_length: dict[int, list[Counts]] = {most: [] for most in LENGTHS}
    for gold_set in (for_choosing if options.choosing else for_reporting)(options.data):
        counts = [count(*each) for each in zip(aligner.align(gold_set.pairs), gold_set.gold, strict=True)]
        for pair, counted in zip(gold_set.pairs, counts, strict=True):
            length = max(len(pair.source), len(pair.target))
            by_length[next(most for most in LENGTHS if length <= most)].append(counted)
        scored = total(counts)
        baseline = total(map(count, map(diagonal, gold_set.pairs), gold_set.gold))
        print_row(gold_set, scored, bootstrap_interval(counts), baseline)
        scores[gold_set.name] = 100 * scored.aer
    for prefix in ("xlwa", ""):
        chosen = [aer for name, aer in scores.items() if name.startswith(prefix)]
        print(f"mean of {len(chosen)} {prefix or 'sets'}: {sum(chosen) / len(chosen):.2f}")
    for most, counts in by_length.items():
        print(f"up to {most} words, all sets: {len(counts)} pairs, AER {100 * total(counts).aer:.1f}")


def print_row(gold_set: GoldSet, scored: Counts, interval: Interval, baseline: Counts) -> None:
    figures = (f"{100 * value:6.1f}" for value in (scored.precision, scored.recall, scored.aer))
    around = f"{100 * interval.low:4.1f} to {100 * interval.high:4.1f}"
    print(f"{gold_set.name:44} {len(gold_set.pairs):5}", *figures, around, f"{100 * baseline.aer:8.1f}")


def diagonal(pair: SentencePair) -> Alignment:
    """Each word of the longer side with the word at the same relative place."""
    source, target = len(pair.source), len(pair.target)
    longer = max(source, target)
    return Alignment.of(
        (k * source // longer, k * target // longer) for k in range(longer) if source and target
    )


if __name__ == "__main__":
    main()

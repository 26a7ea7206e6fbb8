"""Scores -> text, JSON, LaTeX, or a table of sentence pairs. Only here are scores in percent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from .aer import Counts, Signature, total
from .significance import Interval, PairedTest, bootstrap_interval, paired_test


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one hypothesis against the gold.

    `name`: where it comes from, such as a file or a layer. `counts`: one per sentence pair. `test`: the paired test
    against the hypothesis named `against`, or None.
    """

    name: str
    signature: Signature
    counts: Sequence[Counts]
    total: Counts
    interval: Interval
    against: str | None = None
    test: PairedTest | None = None

    @classmethod
    def of(cls, name: str, signature: Signature, counts: Sequence[Counts]) -> Score:
        """Sum the counts and compute the interval."""
        return cls(name, signature, counts, total(counts), bootstrap_interval(counts))

    def compared(self, other: Score) -> Score:
        """This score with a paired test against the other."""
        return replace(self, against=other.name, test=paired_test(other.counts, self.counts))


def text_report(scores: Sequence[Score]) -> str:
    """A table, the paired tests, and the signature."""
    width = max(len(score.name) for score in scores)
    lines = [f"{'':{width}}      P      R     F1    AER  95 % interval   links"]
    for score in scores:
        low, high = _percents(score.interval)
        values = "".join(f"{value:7.1f}" for value in _row(score.total))
        lines.append(f"{score.name:{width}}{values}   {low:4.1f} to {high:4.1f} {score.total.hypothesis:7d}")
    lines += [_comparison(score, score.test) for score in scores if score.test]
    return "\n".join([*lines, str(_common_signature(scores))]) + "\n"


def _comparison(score: Score, test: PairedTest) -> str:
    low, high = _percents(test.interval)
    difference = f"AER {100 * test.difference:+.1f} (95 %: {low:+.1f} to {high:+.1f})"
    return f"{score.name} against {score.against}: {difference}, p = {test.p_value:.3f}"


def json_report(scores: Sequence[Score]) -> str:
    """One object; with several scores, an object whose "results" is a list of them."""
    objects = [_json_object(score) for score in scores]
    whole = objects[0] if len(objects) == 1 else {"results": objects}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def _json_object(score: Score) -> dict[str, object]:
    precision, recall, f1, aer = (round(value, 4) for value in _row(score.total))
    fields: dict[str, object] = {"name": score.name, **score.signature.settings}
    fields |= {"aer": aer, "precision": precision, "recall": recall, "f1": f1}
    fields |= {"interval": _json_interval(score.interval), "counts": asdict(score.total)}
    fields |= {"pairs": len(score.counts), "signature": str(score.signature)}
    if score.test:
        fields["test"] = {
            "against": score.against,
            "difference": round(100 * score.test.difference, 4),
            "interval": _json_interval(score.test.interval),
            "p_value": round(score.test.p_value, 6),
        }
    return fields


def _json_interval(interval: Interval) -> list[float]:
    return [round(value, 4) for value in _percents(interval)]


def latex_report(scores: Sequence[Score]) -> str:
    """A table for a paper that uses the package booktabs; the signature is a comment above it."""
    lines = [f"% {_common_signature(scores)}", r"\begin{tabular}{lrrrrc}", r"\toprule"]
    lines += [r" & P & R & F1 & AER & 95\,\% interval \\", r"\midrule"]
    for score in scores:
        values = " & ".join(f"{value:.1f}" for value in _row(score.total))
        low, high = _percents(score.interval)
        lines.append(rf"{_latex_text(score.name)} & {values} & {low:.1f}--{high:.1f} \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _latex_text(text: str) -> str:
    replacements = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    return "".join(replacements.get(char, f"\\{char}" if char in "&%$#_{}" else char) for char in text)


REPORTS: dict[str, Callable[[Sequence[Score]], str]] = {
    "text": text_report,
    "json": json_report,
    "latex": latex_report,
}


def sentence_table(scores: Sequence[Score]) -> Iterator[str]:
    """Lines of a TSV table: for each hypothesis, the counts and scores of each sentence pair."""
    columns = ["name", "pair", "sure_hits", "possible_hits", "hypothesis", "sure"]
    yield "\t".join([*columns, "precision", "recall", "f1", "aer"]) + "\n"
    for score in scores:
        for number, counts in enumerate(score.counts, start=1):
            values = [f"{value:.2f}" for value in _row(counts)]
            yield "\t".join([score.name, str(number), *map(str, asdict(counts).values()), *values]) + "\n"


def _row(counts: Counts) -> tuple[float, float, float, float]:
    """Precision, recall, F1, AER, in percent."""
    return 100 * counts.precision, 100 * counts.recall, 100 * counts.f1, 100 * counts.aer


def _percents(interval: Interval) -> tuple[float, float]:
    return 100 * interval.low, 100 * interval.high


def _common_signature(scores: Sequence[Score]) -> Signature:
    """One signature for all scores. If they differ in a setting, it lists all values in order."""
    settings: dict[str, list[str]] = {}
    for score in scores:
        for name, value in score.signature.settings.items():
            values = settings.setdefault(name, [])
            if str(value) not in values:
                values.append(str(value))
    return Signature(scores[0].signature.gold, {name: ",".join(values) for name, values in settings.items()})

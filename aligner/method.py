"""How links are found once both sides are encoded, as options: layer, similarity, extraction and what follows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, TypedDict

from .errors import LayerError, OptionError
from .options import Choice, Option, settle


class Similarity(Choice):
    """How two hidden states are compared. `scale`: a factor for the values before a softmax."""

    scale: float

    def __new__(cls, name: str, scale: float) -> Similarity:
        member = str.__new__(cls, name)
        member._value_, member.scale = name, scale
        return member

    DOT = "dot", 1.0
    COSINE = "cosine", 40.0  # its values, in [0, 1], would make a softmax flat


class Extraction(Choice):
    """How links are read off a similarity matrix (extract.py).

    `threshold`: the default; a link's score must be above it. None keeps every link. `is_directed`: it decides for each
    direction on its own, so that another rule can symmetrize the two.
    """

    threshold: float | None
    is_directed: bool

    def __new__(cls, name: str, threshold: float | None = None, is_directed: bool = False) -> Extraction:
        member = str.__new__(cls, name)
        member._value_, member.threshold, member.is_directed = name, threshold, is_directed
        return member

    ARGMAX = "argmax", None, True
    FORWARD = "forward"
    BACKWARD = "backward"
    UNION = "union"
    ITERMAX = "itermax"
    MATCH = "match"
    SOFTMAX = "softmax", 0.001, True
    ENTMAX = "entmax", 0.0, True
    AGREEMENT = "agreement", 0.4, True
    AGREEMENT_GROW = "agreement-grow", 0.4, True
    XLM_ALIGN = "xlm-align", None, True
    SINKHORN = "sinkhorn", 0.4
    UNBALANCED = "unbalanced", 0.3

    @property
    def is_bounded(self) -> bool:
        """Whether its scores lie in [0, 1], whatever the similarity: probabilities, shares and margins do."""
        return self.threshold is not None or self is Extraction.XLM_ALIGN


class Level(Choice):
    """What is compared: subwords, or words as the mean of theirs."""

    SUBWORD = "subword"
    WORD = "word"


class Punctuation(Choice):
    """What punctuation may be linked to: any word, or only punctuation."""

    FREE = "free"
    APART = "apart"


class Symmetrization(Choice):
    """How the links of two directions become one set (symmetrize.py)."""

    INTERSECTION = "intersection"
    UNION = "union"
    GROW_DIAG = "grow-diag"
    GROW_DIAG_FINAL = "grow-diag-final"
    GROW_DIAG_FINAL_AND = "grow-diag-final-and"


@dataclass(frozen=True, kw_only=True)
class Method:
    """Everything that decides which links are found once both sides are encoded.

    `layer` is None if it is unknown which layer aligns best; then it must be given. `threshold` is None for the
    default of the extraction. `lexicon` is a number of rounds (lexicon.py): one if the model knows the languages, more
    if it hardly does.

    Raises:
        OptionError: a value is out of range, or two do not go together.
    """

    layer: Annotated[
        int | None,
        Option("Layer whose hidden states are compared: 0 = embeddings, n = after block n.", least=0),
    ] = None
    similarity: Annotated[Similarity, Option("How hidden states are compared.")] = Similarity.COSINE
    extract: Annotated[
        Extraction, Option("How links are chosen in the similarity matrix (docs/methods.md).")
    ] = Extraction.ARGMAX
    threshold: Annotated[
        float | None, Option("Keep links whose score is above X; the default depends on --extract.")
    ] = None
    level: Annotated[Level, Option("Compare subwords, or words as the mean of their subwords.")] = (
        Level.SUBWORD
    )
    punctuation: Annotated[
        Punctuation, Option("free: punctuation may be linked to any word; apart: only to punctuation.")
    ] = Punctuation.FREE
    symmetrize: Annotated[
        Symmetrization | None, Option("Combine the links of both directions by this rule.")
    ] = None
    distortion: Annotated[
        float, Option("For argmax: how much links far from the diagonal are penalized.", least=0, most=1)
    ] = 0.0
    lexicon: Annotated[
        int,
        Option(
            "Also use which words co-occur in 10,000 pairs at a time. Helps on long text that repeats its words.",
            least=0,
            flag=True,
        ),
    ] = 0

    def __post_init__(self) -> None:
        settle(self)
        if self.threshold is not None and self.extract.is_bounded and not 0 <= self.threshold <= 1:
            raise OptionError(
                f"threshold is {self.threshold:g}: it must be a number from 0 to 1 with extract {self.extract}",
                *("threshold", "extract"),
            )
        if self.symmetrize and not self.extract.is_directed:
            directed = ", ".join(each for each in Extraction if each.is_directed)
            raise OptionError(
                f"symmetrize goes with extract {directed}, not with {self.extract}", "symmetrize", "extract"
            )
        if self.distortion and self.extract is not Extraction.ARGMAX:
            raise OptionError(
                f"distortion goes with extract argmax, not with {self.extract}", "distortion", "extract"
            )
        if self.lexicon and (
            self.extract is not Extraction.SOFTMAX or self.symmetrize or self.level is not Level.WORD
        ):
            raise OptionError(
                "lexicon finds links between words by a softmax of its own: leave out extract, symmetrize, "
                "distortion and level",
                *("lexicon", "extract", "symmetrize", "distortion", "level"),
            )

    @property
    def least_score(self) -> float | None:
        """The threshold, or the usual one of the extraction; None if there is neither, or it is a lexicon's own."""
        if self.threshold is None and not self.lexicon:
            return self.extract.threshold
        return self.threshold

    def layer_of(self, model: str) -> int:
        """The layer; LayerError, with the name of the model, if it is None."""
        if self.layer is None:
            raise LayerError(f"give layer: it is not known which layer of {model} aligns best", "layer")
        return self.layer

    def changed(self, **options: Any) -> Method:
        """This method with other values.

        The threshold belongs to the extraction, since scores of different extractions are not comparable. So it is
        reset if the extraction changes. A lexicon has its own extraction and level.
        """
        if options.get("lexicon"):
            options = {"extract": Extraction.SOFTMAX, "level": Level.WORD, "threshold": None, **options}
        elif options.get("extract", self.extract) != self.extract:
            options = {"threshold": None, **options}
        return replace(self, **options)


class MethodOptions(TypedDict, total=False):
    """The fields of `Method` as keywords; None leaves a value as it is."""

    layer: int | None
    similarity: str | None
    extract: str | None
    threshold: float | None
    level: str | None
    punctuation: str | None
    symmetrize: str | None
    distortion: float | None
    lexicon: int | None

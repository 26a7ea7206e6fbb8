"""What an encoder reads of a sentence pair: in how many sequences, with which special subwords and positions.

For XLM-R, `encode` pair is `<s> source </s> target </s>`; separate is `<s> source </s>` and `<s> target </s>`.
Does not: lay out what is in them (layout.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, NamedTuple

from .options import Choice, Option, settle

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from .encoder_input import EncoderInput

    Integers = NDArray[np.int64]


class Encoding(Choice):
    """Both sides in one sequence, or each in its own."""

    PAIR = "pair"
    SEPARATE = "separate"


class Positions(Choice):
    """How positions of a pair in one sequence are counted: through both sides, or from 0 again on the target side."""

    CONTINUOUS = "continuous"
    RESTART = "restart"


class Specials(NamedTuple):
    """The special subwords before, between and after the two sides of a pair; a sentence alone has none between."""

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def total(self) -> int:
        """How many there are in the sequence of a pair."""
        return len(self.before + self.between + self.after)


class Framed(NamedTuple):
    """One side in a sequence, 0 the source, 1 the target, and the special subwords before and after it."""

    side: int
    before: tuple[int, ...]
    after: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class InputShape:
    """How a pair is laid out for an encoder. `segments`: in one sequence, the target side has token type 1.

    `window`: how many subwords of both sides the model aligns well at once; a longer pair is aligned in passages
    (passages.py). None: a pair is only cut, into windows, if it does not fit into the encoder.
    """

    encode: Annotated[Encoding, Option("Encode a pair as one sequence, or its sides separately.")] = (
        Encoding.SEPARATE
    )
    positions: Positions = Positions.CONTINUOUS
    segments: bool = False
    window: Annotated[int | None, Option(least=16)] = None

    def __post_init__(self) -> None:
        settle(self)

    @property
    def _is_together(self) -> bool:
        return self.encode is Encoding.PAIR

    @property
    def restarts(self) -> bool:
        """Whether positions start again on the target side, so that the model needs them as input."""
        return self.positions is Positions.RESTART

    @property
    def joined(self) -> InputShape:
        """The shape with both sides in one sequence."""
        return replace(self, encode=Encoding.PAIR)

    def sequences(self, specials: Specials) -> tuple[tuple[Framed, ...], ...]:
        """The sequences that a pair becomes, and the sides in each."""
        before, between, after = specials
        if self._is_together:
            return ((Framed(0, before, between), Framed(1, (), after)),)
        return tuple((Framed(side, before, after),) for side in (0, 1))

    def widths(self, source: Integers, target: Integers) -> Integers:
        """Subwords of the longest sequence of each pair, specials left out. Shape: (pairs,), kept"""
        return source + target if self._is_together else _longer(source, target)

    def costs(self, source: Integers, target: Integers) -> Integers:
        """Subwords of all sequences of each pair in a batch of similar pairs; a special is before and after each side.

        Two sides in one sequence share the one between them. Shape: (pairs,), kept
        """
        sides = 2 if self._is_together else 1  # in a sequence
        costs: Integers = (2 // sides) * (self.widths(source, target) + sides + 1)
        return costs

    def room(self, positions: int, specials: Specials) -> int:
        """How many subwords a pair may have, without specials, if the model has this many positions.

        This is the room of both sides together, or of each side if positions restart.
        """
        if self.restarts:
            return positions - max(len(specials.before + specials.between), len(specials.after))
        return positions - specials.total

    def filled(self, source: Integers, target: Integers) -> Integers:
        """How much of an encoder's room each pair takes. Shape: (pairs,), kept"""
        return _longer(source, target) if self.restarts else self.widths(source, target)

    def fits(self, source: Integers, target: Integers, room: int) -> NDArray[np.bool_]:
        """Which pairs, by the sizes of their sides, fit in one piece; none with an empty side. Shape: (pairs,), kept"""
        fitting: NDArray[np.bool_] = (source > 0) & (target > 0) & (self.filled(source, target) <= room)
        return fitting

    def shares(self, source: int, target: int, room: int) -> tuple[int, int]:
        """How many subwords of each side go into one window, for a pair that is too long for one sequence.

        If the sides share the room, they get it in proportion to their length, but a short side is complete in every
        window.

        >>> pair = InputShape(encode=Encoding.PAIR)
        >>> pair.shares(10, 500, 512), pair.shares(10, 600, 512), pair.shares(1000, 1000, 512)
        ((10, 500), (10, 502), (256, 256))
        """
        if self.restarts:
            return min(source, room), min(target, room)
        if source + target <= room:
            return source, target
        short = room // 4
        if source <= short:
            return source, room - source
        if target <= short:
            return room - target, target
        share = min(max(room * source // (source + target), short), room - short)
        return min(share, source), min(room - share, target)

    def positions_of(self, batch: EncoderInput) -> Tensor | None:
        """The position of every subword, from 0; None if they are counted through, which models do by themselves."""
        return batch.restarting_positions if self.restarts else None


def _longer(source: Integers, target: Integers) -> Integers:
    import numpy as np  # here, since help and lists of presets should not wait for this import

    longer: Integers = np.maximum(source, target)
    return longer

"""What an encoder reads of a pair: sequences, room, positions, each asked of the shape and of nothing else."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xalign.input_shape import Encoding, Framed, InputShape, Positions, Specials

SPECIALS = Specials(before=(1,), between=(2, 3), after=(4,))
SOURCE = Path(__file__).resolve().parent.parent / "aligner"

shapes = st.builds(InputShape, encode=st.sampled_from(Encoding), positions=st.sampled_from(Positions))
sizes = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1)


def test_a_pair_is_one_sequence_or_two():
    pair, separate = (InputShape(encode=encode).sequences(SPECIALS) for encode in Encoding)
    assert pair == ((Framed(0, (1,), (2, 3)), Framed(1, (), (4,))),)
    assert separate == ((Framed(0, (1,), (4,)),), (Framed(1, (1,), (4,)),))


@given(shapes, sizes, st.integers(1, 60))
def test_what_fits_is_not_empty_and_within_the_room(shape, pairs, room):
    source, target = np.array(pairs).T
    fits = shape.fits(source, target, room)
    together = shape.encode == "pair" and shape.positions == "continuous"
    for (s, t), fitting in zip(pairs, fits, strict=True):
        assert fitting == (s > 0 and t > 0 and (s + t if together else max(s, t)) <= room)


@given(shapes, st.integers(1, 600), st.integers(1, 600), st.integers(8, 512))
def test_the_shares_of_a_window_fit_into_it(shape, source, target, room):
    joined = shape.joined
    assert joined.fits(*(np.array([share]) for share in joined.shares(source, target, room)), room).all()
    if joined.fits(np.array([source]), np.array([target]), room).all():
        assert joined.shares(source, target, room) == (source, target)


def test_the_room_leaves_space_for_the_specials():
    assert InputShape(encode="pair").room(20, SPECIALS) == 16
    assert (
        InputShape(encode="pair", positions="restart").room(20, SPECIALS) == 17
    )  # of the source, which has most


def test_positions_that_restart_are_told_to_the_model_and_others_are_not():
    batch = SimpleNamespace(restarting_positions="from 0 again")
    assert InputShape(positions="restart").positions_of(batch) == "from 0 again"
    assert InputShape().positions_of(batch) is None


@pytest.mark.parametrize("question", [r'"restart"', r"Positions\.RESTART", r'"pair"', r"Encoding\.PAIR"])
def test_nothing_else_asks_for_the_encoding_or_the_positions(question):
    asking = re.compile(rf"(==|!=|\bis|is not|\bin) \(?{question}")
    found = {
        file.name: len(asking.findall(file.read_text(encoding="utf-8"))) for file in SOURCE.rglob("*.py")
    }
    assert {name: count for name, count in found.items() if count and name != "input_shape.py"} == {}
    assert found["input_shape.py"] <= 1

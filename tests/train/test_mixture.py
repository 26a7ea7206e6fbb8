"""Corpora -> batches: under the budget, in an order that the seed alone decides, shared out between processes."""

import itertools

import pytest

from xalign.encoders.families import load_encoder
from xalign.input_shape import InputShape
from xalign.models import resolve
from xalign.train.corpus import read_corpus
from xalign.train.mixture import POOL, Mixture


@pytest.fixture
def read(start, corpus):
    return read_corpus(corpus, load_encoder(resolve(str(start))))


def mixture(*corpora, budget=200, encode="pair", temperature=1.5, seed=1):
    return Mixture(corpora, budget, InputShape(encode=encode), temperature, seed)


def first(count, mixed, *where):
    return [content(batch) for batch in itertools.islice(mixed.batches(*where), count)]


def content(batch):
    return [(each.source.tolist(), each.target.tolist(), each.links.tolist()) for each in batch]


@pytest.mark.parametrize("encode", ["pair", "separate"])
def test_batches_stay_under_the_budget(read, encode):
    for batch in itertools.islice(mixture(read, encode=encode).batches(), 20):
        sizes = [(len(each.source), len(each.target)) for each in batch]
        widest = max(s + t + 3 for s, t in sizes) if encode == "pair" else 2 * max(max(p) + 2 for p in sizes)
        assert len(batch) * widest <= 200


def test_a_pair_beyond_the_budget_is_a_batch_of_its_own(read):
    assert all(len(batch) == 1 for batch in first(30, mixture(read, budget=1)))


def test_the_order_is_a_function_of_the_seed(read):
    once, again, other = (first(6, mixture(read, seed=seed)) for seed in (1, 1, 2))
    assert once == again != other


def test_skipping_leaves_what_an_uninterrupted_run_would_see(read):
    mixed = mixture(read, read)
    count = 2 * len(list(itertools.takewhile(lambda pool: pool == 0, pools(mixed))))
    whole = first(count, mixed)
    for skip in (0, 1, count // 2, count - 3):
        assert first(count - skip, mixed, skip) == whole[skip:]


def pools(mixed):
    """The pool that each batch comes from."""
    drawn = 0
    for batch in mixed.batches():
        yield drawn // POOL
        drawn += len(batch)


@pytest.mark.parametrize("skip", [0, 5])
def test_processes_share_one_order(read, skip):
    mixed, steps, processes = mixture(read), 4, 3
    shares = [first(steps, mixed, skip, process, processes) for process in range(processes)]
    together = [batch for step in zip(*shares, strict=True) for batch in step]
    assert together == first(steps * processes, mixed, skip)


def test_an_epoch_shows_every_pair_once(read):
    seen = []
    for batch in mixture(read, temperature=1.0).batches():
        seen += [min(each.source.tolist(), each.target.tolist()) for each in batch]
        if len(seen) >= POOL:
            break
    assert len(seen) == POOL
    counts = {}
    for sentence in map(str, seen):
        counts[sentence] = counts.get(sentence, 0) + 1
    rounds = POOL // len(read)
    repeats = [min(read.source[i][0].tolist(), read.target[i][0].tolist()) for i in range(len(read))]
    assert all(
        rounds * repeats.count(sentence) <= counts[str(sentence)] <= (rounds + 1) * repeats.count(sentence)
        for sentence in repeats
    )


def test_half_of_the_pairs_change_sides(read):
    sides = [read.source[i][0].tolist() for i in range(len(read))]
    batches = itertools.islice(mixture(read).batches(), 100)
    plain = [each.source.tolist() in sides for batch in batches for each in batch]
    assert 0.45 < sum(plain) / len(plain) < 0.55


@pytest.mark.parametrize(("temperature", "share"), [(1, 0.25), (1e9, 0.5)])
def test_temperature_evens_out_sizes(tmp_path, start, corpus, temperature, share):
    encoder = load_encoder(resolve(str(start)))
    small = read_corpus(corpus, encoder)
    for path in (corpus.source, corpus.target, corpus.links):
        path.write_text(path.read_text(encoding="utf-8") * 3, encoding="utf-8")
    large = read_corpus(corpus, encoder)
    rows = mixture(small, large, temperature=temperature).draw(0)
    assert abs(sum(k == 0 for k, _ in rows) / len(rows) - share) < 0.01

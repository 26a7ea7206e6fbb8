"""Parallel text with links -> training batches: what is kept, what is refused, in which order it comes."""

import itertools

import pytest
import torch

from xalign.encoder import load_encoder
from xalign.errors import TrainingError
from xalign.models import resolve
from xalign.train.corpus import CorpusFiles, batches, read_corpus


@pytest.fixture
def encoder(start):
    return load_encoder(resolve(str(start)))


def first(count, corpora, encoder, skip=0, seed=1):
    return list(itertools.islice(batches(corpora, encoder, 200, 1.5, seed, skip), count))


def test_a_batch_holds_each_pair_with_its_links(corpus, encoder):
    read = read_corpus(corpus, encoder, 60)
    assert len(read) == 24
    batch = first(1, [read], encoder)[0]
    for row in range(len(batch.links)):
        units = batch.units[row]
        source = sorted(set(units[(units >= 0) & (units < batch.source_units)].tolist()))
        target = sorted({unit - batch.source_units for unit in units[units >= batch.source_units].tolist()})
        assert source == target == list(range(len(source)))
        assert batch.links[row].nonzero().tolist() == [[i, i] for i in source]
        assert set(batch.input.sides[row][units >= batch.source_units].tolist()) == {1}


def test_batches_stay_under_the_budget(corpus, encoder):
    for batch in first(20, [read_corpus(corpus, encoder, 60)], encoder):
        assert batch.input.ids.numel() <= 200


def test_the_order_is_a_function_of_the_seed(corpus, encoder):
    read = read_corpus(corpus, encoder, 60)
    once, again, other = (first(6, [read], encoder, seed=seed) for seed in (1, 1, 2))
    assert all(torch.equal(a.input.ids, b.input.ids) for a, b in zip(once, again, strict=True))
    assert not all(torch.equal(a.input.ids, b.input.ids) for a, b in zip(once, other, strict=True))


def test_skipping_leaves_what_an_uninterrupted_run_would_see(corpus, encoder):
    read = read_corpus(corpus, encoder, 60)
    whole, rest = first(9, [read, read], encoder), first(5, [read, read], encoder, skip=4)
    assert all(torch.equal(a.input.ids, b.input.ids) for a, b in zip(whole[4:], rest, strict=True))


def test_an_epoch_shows_every_pair_once(corpus, encoder):
    read = read_corpus(corpus, encoder, 60)
    drawn = 0
    for batch in batches([read], encoder, 200, 1.0, seed=1, skip=0):
        drawn += len(batch.links)
        if drawn >= 4096:
            break
    assert drawn == 4096  # one pool


def test_pairs_that_teach_nothing_are_left_out(tmp_path, encoder):
    files = write_corpus(
        tmp_path, ["das Haus", "", "der Garten"], ["the house", "the", "the garden"], ["0-0", "", "1-1"]
    )
    assert len(read_corpus(files, encoder, 60)) == 2


def test_a_link_out_of_range_is_named(tmp_path, encoder):
    files = write_corpus(tmp_path, ["das Haus", "der"], ["the house", "the"], ["0-0", "0-1"])
    with pytest.raises(TrainingError, match=r"a\.align line 2: link 0-1 is out of range"):
        read_corpus(files, encoder, 60)


def test_different_numbers_of_lines_are_refused(tmp_path, encoder):
    files = write_corpus(tmp_path, ["das Haus", "der"], ["the house", "the"], ["0-0"])
    with pytest.raises(TrainingError, match=r"has 2 lines, but .* has 1"):
        read_corpus(files, encoder, 60)


def test_a_corpus_with_nothing_to_learn_is_refused(tmp_path, encoder):
    files = write_corpus(tmp_path, ["das Haus"], ["the house"], [""])
    with pytest.raises(TrainingError, match="no pair with words"):
        read_corpus(files, encoder, 60)


def write_corpus(folder, source, target, links):
    files = CorpusFiles(folder / "a.de", folder / "a.en", folder / "a.align")
    for path, lines in zip((files.source, files.target, files.links), (source, target, links), strict=True):
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return files

"""What a calibration makes of scores, by hand; where it comes from, and when it does not apply."""

import json
import shutil

import numpy as np
import pytest
import torch
from aligning import some_pairs

from xalign.aligner import Aligner
from xalign.calibration import CALIBRATION_FILE, Calibration
from xalign.encoders.families import load_encoder
from xalign.errors import ModelError
from xalign.models import resolve
from xalign.similarity import Units
from xalign.train.checkpoint import save_checkpoint

WIDTH = 32
WEIGHTS = np.random.default_rng(3).normal(size=WIDTH).astype(np.float32)
CALIBRATION = Calibration(0.5, 1.25, WEIGHTS, 0.3, -0.75)
PAIRS = some_pairs(40)


@pytest.fixture
def calibrated(tiny, tmp_path):
    """A tiny checkpoint whose scores are probabilities, with a calibration beside it."""
    folder = tmp_path / "model"
    shutil.copytree(tiny("preset"), folder)
    values = json.loads((folder / "xalign.json").read_text()) | {"extract": "agreement", "threshold": 0.05}
    (folder / "xalign.json").write_text(json.dumps(values))
    (folder / CALIBRATION_FILE).write_text(CALIBRATION.to_json())
    return folder


def load(folder, **options):
    return Aligner.load(folder, device="cpu", dtype="float32", **options)


def logistic(value):
    return 1 / (1 + np.exp(-value))


def test_links_keep_their_order_and_get_the_probability_of_the_formula():
    scores = np.array([0.0, 0.05, 0.4, 0.8, 0.999, 1.0], dtype=np.float32)
    found = CALIBRATION.of_links(scores)
    assert (np.diff(found) > 0).all() and (found > 0).all() and (found < 1).all()
    assert found[2] == pytest.approx(logistic(0.5 * np.log(0.4 / 0.6) + 1.25))


def test_a_pair_counts_its_words_whatever_stands_at_padding():
    generator = torch.Generator().manual_seed(1)
    states = [torch.randn(2, size, WIDTH, generator=generator) for size in (3, 4)]
    words = torch.tensor([[0, 1, 2], [0, -1, -1]]), torch.tensor([[0, 1, 2, 3], [0, 1, -1, -1]])
    source, target = (Units(*each, each[1] >= 0) for each in zip(states, words, strict=True))
    similarity = states[0] @ states[1].transpose(1, 2)
    found = CALIBRATION.of_pairs(similarity, source, target)
    for row, (sources, targets) in enumerate([(3, 4), (1, 2)]):
        one, other = states[0][row, :sources].numpy(), states[1][row, :targets].numpy()
        of_row = one @ other.T
        mean = (one.mean(0) + other.mean(0)) / 2
        best = (of_row.max(1).mean() + of_row.max(0).mean()) / 2
        assert found[row] == pytest.approx(logistic(WEIGHTS @ mean + 0.3 * best - 0.75), abs=1e-5)


def test_it_changes_no_links_and_all_scores(calibrated):
    found, plain = (list(load(calibrated, calibrated=asked).align(PAIRS)) for asked in (True, False))
    assert [each.links for each in found] == [each.links for each in plain]
    for one, other in zip(found, plain, strict=True):
        assert one.scores == pytest.approx(CALIBRATION.of_links(np.array(other.scores)).tolist())
        assert 0 <= one.score <= 1
    assert any(one.score != other.score for one, other in zip(found, plain, strict=True))


def test_a_pair_scores_alike_wherever_it_stands(calibrated):
    aligner = load(calibrated)
    together = [each.score for each in aligner.align(PAIRS)]
    assert [aligner(pair.source, pair.target).score for pair in PAIRS] == pytest.approx(together, abs=1e-5)


def test_the_threshold_is_compared_with_the_score_before(calibrated):
    aligner = load(calibrated, threshold=0.2)
    plain = load(calibrated, threshold=0.2, calibrated=False)
    assert aligner.calibration is not None
    assert [each.links for each in aligner.align(PAIRS)] == [each.links for each in plain.align(PAIRS)]


@pytest.mark.parametrize(
    "options", [{"layer": 1}, {"extract": "argmax"}, {"encode": "separate"}, {"symmetrize": "union"}]
)
def test_of_another_method_it_says_nothing(calibrated, options):
    found, plain = (load(calibrated, calibrated=asked, **options) for asked in (True, False))
    assert found.calibration is None
    assert list(found.align(PAIRS[:5])) == list(plain.align(PAIRS[:5]))


def test_of_another_layer_it_says_nothing(calibrated):
    found, plain = (load(calibrated, calibrated=asked) for asked in (True, False))
    own, other = found.layer, 1
    for layers in ([own], [other, own], [own, other]):
        [by_layer] = found.align_layers(PAIRS[:1], layers)
        assert by_layer[own] == next(found.align(PAIRS[:1]))
        [uncalibrated] = plain.align_layers(PAIRS[:1], layers)
        assert by_layer.get(other) == uncalibrated.get(other)


def test_a_saved_model_takes_it_along_and_a_trained_one_loses_it(calibrated, tmp_path):
    load(calibrated).save_pretrained(tmp_path / "saved")
    assert list(load(tmp_path / "saved").align(PAIRS)) == list(load(calibrated).align(PAIRS))
    load(calibrated, extract="argmax").save_pretrained(tmp_path / "other")
    assert not (tmp_path / "other" / CALIBRATION_FILE).exists()
    preset = resolve(str(calibrated))
    save_checkpoint(load_encoder(preset), preset, calibrated)
    assert load(calibrated).calibration is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"link": None}, "link is None: it must be an object"),
        ({"link": {"slope": "1", "intercept": 0}}, "slope is '1': it must be a number"),
        ({"pair": {"weights": [1.0], "similarity": 0, "bias": 0}}, "it must be 32 numbers"),
        (
            {"pair": {"weights": [1.0] * 31 + [None], "similarity": 0, "bias": 0}},
            "weights is None: it must be a number",
        ),
    ],
)
def test_a_broken_file_is_named(calibrated, change, message):
    path = calibrated / CALIBRATION_FILE
    path.write_text(json.dumps(json.loads(CALIBRATION.to_json()) | change))
    with pytest.raises(ModelError, match=CALIBRATION_FILE) as error:
        load(calibrated)
    assert message in str(error.value)

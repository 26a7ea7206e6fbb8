"""The log of a run: cut back on resuming, so that every step is in it once; and the picture of it."""

import sys

import pytest

from xalign.errors import DependencyError, OptionError, TrainingError
from xalign.train.log import Log, Progress, read_log
from xalign.train.plot import plot_log


def logged(out, *steps, **values):
    log = Log(out, 0)
    for step in steps:
        log.write(Progress(step, 40, 1.0 / step, {"guided": 1.0 / step, "so": -1.0}, **values))
    return out


def test_what_is_written_is_read(tmp_path):
    log = Log(tmp_path, 0)
    progress = Progress(5, 40, 1.5, {"guided": 1.5}, 1e-3, 100.0, 0.1, {"set": 20.0}, True)
    log.write(progress)
    assert read_log(tmp_path) == [progress]


def test_a_fresh_run_starts_a_fresh_log(tmp_path):
    logged(tmp_path, 5, 10)
    logged(tmp_path, 7)
    assert [report.step for report in read_log(tmp_path)] == [7]


def test_resuming_cuts_off_what_comes_again_and_half_a_line(tmp_path):
    logged(tmp_path, 5, 10, 15)
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 20, "lo')
    Log(tmp_path, 10)
    assert [report.step for report in read_log(tmp_path)] == [5, 10]


@pytest.mark.parametrize("line", ["{", "7", '{"step": 1}', '{"other": 1}'])
def test_a_damaged_log_is_an_error_that_says_what_to_do(tmp_path, line):
    with (logged(tmp_path, 5) / "log.jsonl").open("a") as file:
        file.write(f"{line}\n")
    for read in (lambda: Log(tmp_path, 5), lambda: read_log(tmp_path)):
        with pytest.raises(TrainingError, match=r"log\.jsonl is damaged: remove it"):
            read()


def test_a_picture_that_cannot_be_written_is_an_error_that_says_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OptionError, match=r"a\.svg: cannot be written: "):
        plot_log(logged(tmp_path, 5), tmp_path / "file" / "a.svg")


def test_an_empty_log_cannot_be_drawn(tmp_path):
    with pytest.raises(TrainingError, match="has no reports"):
        plot_log(tmp_path, tmp_path / "a.png")


@pytest.mark.parametrize("scores", [None, {"one": 20.0, "two": 30.0}])
def test_a_picture_of_loss_and_aer(tmp_path, scores):
    plot_log(logged(tmp_path, 5, 10, scores=scores), tmp_path / "plots" / "a.svg")
    picture = (tmp_path / "plots" / "a.svg").read_text(encoding="utf-8")
    assert "<!-- loss (nats) -->" in picture and "<!-- guided -->" in picture
    for text in ("AER (%)", "one", "two"):
        assert (f"<!-- {text} -->" in picture) == (scores is not None)


@pytest.mark.parametrize(("reports", "marked"), [(1, True), (100, False)])
def test_a_few_points_are_marked_so_that_one_can_be_seen(tmp_path, reports, marked):
    plot_log(logged(tmp_path, *range(5, 5 * reports + 1, 5)), tmp_path / "a.svg")
    filled = "fill: #1f77b4"  # as a point of the first objective is, and a line is not
    assert (filled in (tmp_path / "a.svg").read_text(encoding="utf-8")) == marked


def test_without_matplotlib_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(DependencyError, match="pip install matplotlib"):
        plot_log(logged(tmp_path, 5), tmp_path / "a.png")

"""Ray gives the links of one process, whatever becomes of its actors and nodes."""

import importlib.util
import json
import os
import signal
from pathlib import Path

import pytest
from aligning import some_pairs
from click.testing import CliRunner

from xalign.aligner import Aligner
from xalign.cli import main
from xalign.errors import DependencyError
from xalign.text.sentences import SentencePair

PAIRS = some_pairs(120)
HAS_RAY = importlib.util.find_spec("ray") is not None


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.tsv"
    lines = [f"{' '.join(pair.source)}\t{' '.join(pair.target)}\n" for pair in PAIRS]
    path.write_text("".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def expected(tiny):
    aligner = Aligner.load(str(tiny("preset")), device="cpu", dtype="float32")
    return [str(alignment) for alignment in aligner.align(PAIRS)]


@pytest.fixture
def model(tiny):
    from xalign.distributed.cluster import Model

    return Model(str(tiny("preset")), "float32")


def found_in(folder):
    lines = "".join(path.read_text() for path in sorted(Path(folder).glob("part-*.align"))).splitlines()
    rows = [line.split("\t") for line in lines]
    assert [number for number, _ in rows] == [str(k) for k in range(1, len(rows) + 1)]
    return [links for _, links in rows]


# Without Ray.


@pytest.mark.skipif(HAS_RAY, reason="Ray is installed")
def test_what_to_install_is_told(text, tmp_path):
    result = CliRunner().invoke(
        main, ["align", "--ray", "local", "--output-dir", str(tmp_path / "out"), str(text)]
    )
    assert result.exit_code == 2
    assert "a cluster needs Ray, which is not installed: pip install 'xalign-words[ray]'" in result.stderr
    from xalign.distributed import align_dataset

    with pytest.raises(DependencyError, match="which is not installed"):
        align_dataset(None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ray", "local", "a"], "--ray needs --output-dir DIR"),
        (["--ray", "local", "--output-dir", "out", "--resume", "a"], "--resume does not go with --ray"),
        (["--ray", "local", "--output-dir", "out", "-o", "x", "a"], "--output does not go with --ray"),
        (
            ["--ray", "local", "--output-dir", "out", "--min-score", "0.5", "a"],
            "--min-score does not go with",
        ),
        (["--ray", "local", "--output-dir", "out"], "--ray needs files: actors cannot share standard input"),
        (["--output-dir", "out", "a"], "--output-dir goes with --ray"),
        (["--actors", "2", "a"], "--actors goes with --ray"),
        (["a", "b", "c"], "Got unexpected extra argument (c)"),
    ],
)
def test_options_that_do_not_go_together_are_told(arguments, message):
    result = CliRunner().invoke(main, ["align", *arguments])
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr


# With Ray.


@pytest.fixture(scope="module")
def local():
    pytest.importorskip("ray", reason="pip install 'xalign-words[ray]'")
    from xalign.distributed.cluster import cluster

    with cluster("local", actors=2):
        yield


@pytest.mark.ray
def test_files_get_the_links_of_one_process(local, text, model, expected, tmp_path):
    from xalign.distributed import align_files
    from xalign.distributed.cluster import Resources
    from xalign.distributed.shards import Inputs

    done = []
    report = align_files(
        Inputs([str(text)]),
        str(tmp_path / "out"),
        model,
        pairs=25,
        resources=Resources(2),
        tell=lambda *each: done.append(each),
    )
    assert found_in(tmp_path / "out") == expected
    assert (report["pairs"], report["pairs_of_this_run"], done[0], done[-1]) == (
        120,
        120,
        (0, 120),
        (120, 120),
    )
    assert json.loads((tmp_path / "out" / "_report.json").read_text()) == report
    (tmp_path / "out" / "part-00002.align").unlink()
    again = align_files(Inputs([str(text)]), str(tmp_path / "out"), model, pairs=25, resources=Resources(2))
    assert (again["pairs"], again["pairs_of_this_run"], found_in(tmp_path / "out")) == (120, 25, expected)


@pytest.mark.ray
def test_warnings_of_actors_are_told(local, text, model, tmp_path, caplog):
    from xalign.distributed import align_files
    from xalign.distributed.shards import Inputs

    long = f"{'Das ' * 40_000}\tThe\n"
    text.write_text(text.read_text(encoding="utf-8") + long, encoding="utf-8")
    align_files(Inputs([str(text)]), str(tmp_path / "out"), model)
    assert [each.getMessage().split(":")[0] for each in caplog.records if each.name == "xalign"] == [
        "line 121"
    ]


@pytest.mark.ray
def test_an_actor_that_is_killed_loses_and_doubles_nothing(local, text, model, expected, tmp_path):
    from xalign.distributed import align_files
    from xalign.distributed.cluster import Resources
    from xalign.distributed.shards import Inputs

    killed = []

    def killing(records):
        for record in records:
            if len(killed) < 2:
                killed.append(record["process"])
                os.kill(record["process"], signal.SIGKILL)
            yield record

    report = align_files(
        Inputs([str(text)]), str(tmp_path / "out"), model, pairs=8, resources=Resources(2), between=killing
    )
    assert (found_in(tmp_path / "out"), report["pairs"]) == (expected, 120)
    assert len({record["process"] for record in report["shards"]}) > 2


@pytest.mark.ray
def test_broken_lines_are_told_as_without_ray(local, text, model, tmp_path):
    from xalign.distributed import align_files
    from xalign.distributed.shards import Inputs
    from xalign.errors import InputError, LineError

    text.write_text(text.read_text(encoding="utf-8") + "broken\n", encoding="utf-8")
    with pytest.raises(LineError, match=r"text\.tsv line 121: expected source and target"):
        align_files(Inputs([str(text)]), str(tmp_path / "out"), model)
    with pytest.raises(InputError, match="no such file or directory"):
        align_files(Inputs([f"{text}x.tsv"]), str(tmp_path / "out2"), model)


@pytest.mark.ray
def test_a_data_set_gets_a_column_of_links(local, tiny, expected):
    import ray.data

    from xalign.distributed import align_dataset
    from xalign.distributed.cluster import Resources

    rows = [{"n": k, "de": list(pair.source), "en": " ".join(pair.target)} for k, pair in enumerate(PAIRS)]
    aligned = align_dataset(
        ray.data.from_items(rows),
        str(tiny("preset")),
        source="de",
        target="en",
        scores="score",
        dtype="float32",
        batch_size=40,
        resources=Resources(1),
    )
    found = {row["n"]: (row["links"], row["score"]) for row in aligned.take_all()}
    assert [found[k][0] for k in range(len(PAIRS))] == expected
    assert all(isinstance(score, float) for _, score in found.values())
    assert PAIRS[0] == SentencePair(tuple(rows[0]["de"]), tuple(rows[0]["en"].split()))

"""Ray gives the links of one process, whatever becomes of its actors and nodes."""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet
import pytest
import zstandard
from aligning import some_pairs
from click.testing import CliRunner

from xalign.aligner import Aligner
from xalign.cli import main
from xalign.errors import DependencyError, ModelError, OptionError, WorkerError
from xalign.text.sentences import SentencePair

PAIRS = some_pairs(120)


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


def test_what_to_install_is_told(text, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)  # as if it were not installed
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


class Client:
    """Ray's client, whose cluster answers every task with one value."""

    exceptions = SimpleNamespace(RayError=RuntimeError)

    def __init__(self, answer):
        self.util = SimpleNamespace(client=SimpleNamespace(ray=self))
        self._answer = answer

    def is_connected(self):
        return True

    def get(self, task):
        if isinstance(self._answer, RuntimeError):
            raise self._answer
        return self._answer

    def remote(self, *_):
        return self

    def options(self, **_):
        return self


def test_over_the_client_of_ray_warnings_and_errors_are_told(model, monkeypatch, caplog):
    from xalign.distributed import align_files
    from xalign.distributed.shards import Inputs

    report = {"pairs": 2, "shards": [{"warnings": ["line 1: odd"]}, {"warnings": []}]}
    monkeypatch.setattr("xalign.distributed.ray_data.ray_or_error", lambda: Client(report))
    assert align_files(Inputs(["text.tsv"]), "out", model) == report
    assert [each.getMessage() for each in caplog.records] == ["line 1: odd"]
    for answer, kind, message in [
        (ModelError("no such model", "model"), ModelError, "^no such model$"),
        (RuntimeError("Traceback\n  line 3\nKeyError: 5\n"), WorkerError, "^Ray gave up: KeyError: 5$"),
        (RuntimeError(), WorkerError, "^Ray gave up: RuntimeError$"),
    ]:
        monkeypatch.setattr("xalign.distributed.ray_data.ray_or_error", partial(Client, answer))
        with pytest.raises(kind, match=message):
            align_files(Inputs(["text.tsv"]), "out", model)


# With Ray.


@pytest.fixture(scope="module")
def local():
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'xalign-words[ray]'")
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


def jsonl(folder):
    rows = [{"id": k, "de": " ".join(a.source), "en": " ".join(a.target)} for k, a in enumerate(PAIRS)]
    text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    (folder / "text.jsonl").write_text(text, encoding="utf-8")
    return ["text.jsonl"], ("de", "en")


def parquet(folder):
    rows = [{"de": list(pair.source), "en": " ".join(pair.target)} for pair in PAIRS]
    for name, some in (("a", rows[:37]), ("b", rows[37:])):
        pyarrow.parquet.write_table(
            pyarrow.Table.from_pylist(some), folder / f"{name}.parquet", row_group_size=20
        )
    return ["a.parquet", "b.parquet"], ("de", "en")


def compressed(folder):
    lines = [f"{k}\t{' '.join(a.source)}\tx\t{' '.join(a.target)}\n" for k, a in enumerate(PAIRS)]
    for name, pack, some in (("a.tsv.gz", gzip, lines[:37]), ("b.tsv.zst", zstandard, lines[37:])):
        (folder / name).write_bytes(pack.compress("".join(some).encode()))
    return ["a.tsv.gz", "b.tsv.zst"], (2, 4)


@pytest.mark.ray
@pytest.mark.parametrize("written", [jsonl, parquet, compressed])
@pytest.mark.parametrize("keep", [False, True])
def test_every_form_of_input_gets_the_same_links(local, model, expected, tmp_path, written, keep):
    """Files, or addresses where lines are kept."""
    from xalign.distributed import align_files
    from xalign.distributed.job import Writing
    from xalign.distributed.shards import Inputs

    names, columns = written(tmp_path)
    paths = [f"{tmp_path.as_uri()}/{name}" if keep else str(tmp_path / name) for name in names]
    out = f"{tmp_path.as_uri()}/out" if keep else str(tmp_path / "out")
    align_files(Inputs(paths, columns=columns), out, model, pairs=50, writing=Writing(keep))
    if not keep:
        assert found_in(tmp_path / "out") == expected
        return
    parts = sorted((tmp_path / "out").glob("part-*"))
    if written is parquet:
        rows = [row for part in parts for row in pyarrow.parquet.read_table(part).to_pylist()]
        assert [row["links"] for row in rows] == expected
        assert [tuple(row["de"]) for row in rows] == [pair.source for pair in PAIRS]
        return
    lines = "".join(part.read_text(encoding="utf-8") for part in parts).splitlines()
    if written is jsonl:
        rows = list(map(json.loads, lines))
        assert [" ".join(f"{a}-{b}" for a, b in row["links"]) for row in rows] == expected
        assert [row["id"] for row in rows] == list(range(len(PAIRS)))
    else:
        fields = [line.split("\t") for line in lines]
        assert [(int(number), links) for number, *_, links in fields] == list(enumerate(expected))


@pytest.mark.ray
def test_a_command_that_is_killed_goes_on(text, model, expected, tmp_path):
    """SIGKILL of the command, with all that Ray had started for it; what it had done stays."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'xalign-words[ray]'")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "xalign.cli", "align", "--ray", "local", "--actors", "2"]
    command += ["--model", model.name, "--dtype", "float32", "--part-pairs", "4", "--output-dir", out, text]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while killed.poll() is None and not list(out.glob("part-*")):
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found_in(out) == expected
    assert "120 pairs in 30 parts" in done.stderr
    assert "logging.cc" not in done.stderr


@pytest.mark.ray
def test_no_cluster_is_told(tmp_path, monkeypatch):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'xalign-words[ray]'")
    from xalign.distributed.cluster import cluster

    with (
        pytest.raises(OptionError, match=r"there is no Ray cluster at 127\.0\.0\.1:1: "),
        cluster("127.0.0.1:1"),
    ):
        pass


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
def test_what_is_wrong_with_a_model_or_an_address_is_told_as_without_ray(local, text, tiny, tmp_path):
    from xalign.distributed import align_files
    from xalign.distributed.cluster import Model
    from xalign.distributed.shards import Inputs

    damaged = tmp_path / "damaged"
    shutil.copytree(tiny("preset"), damaged)
    (damaged / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="damaged"):
        align_files(Inputs([str(text)]), str(tmp_path / "out"), Model(str(damaged), "float32"))
    with pytest.raises(OptionError, match="nowhere"):
        align_files(Inputs(["nowhere://a.tsv"]), str(tmp_path / "out2"), Model(str(damaged), "float32"))


@pytest.mark.ray
def test_a_data_set_gets_a_column_of_links(local, tiny, expected):
    import ray.data

    from xalign.distributed import align_dataset
    from xalign.distributed.cluster import Resources

    rows = [
        {"n": k, "de": list(pair.source), "en": " ".join(pair.target), "links": "those of before"}
        for k, pair in enumerate(PAIRS)
    ]
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

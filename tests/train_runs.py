"""`xalign train` on a tiny corpus."""

from click.testing import CliRunner
from safetensors.torch import load_file

from xalign.cli import main

SCHEDULE = ["--steps", 40, "--save-steps", 10, "--batch-subwords", 200, "--dtype", "float32"]


def command(init, corpus, out, *more, links=True):
    files = ["--src", corpus.source, "--tgt", corpus.target, *(["--links", corpus.links] if links else [])]
    options = ["train", "-q", "--device", "cpu", "--init", init, *files, "--out", out, *SCHEDULE, *more]
    return [str(each) for each in options]


def invoke(*arguments, **values):
    return CliRunner().invoke(main, command(*arguments, **values))


def told(result):
    """What was written to stderr, in one line."""
    return " ".join(result.stderr.split())


def same_weights(one, other):
    one, other = (load_file(folder / "model.safetensors") for folder in (one, other))
    return one.keys() == other.keys() and all(one[name].equal(other[name]) for name in one)

"""What a Python program and a notebook may expect of an aligner, beside alignments."""

import copy
import inspect
import json
import multiprocessing
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from xalign import Aligner
from xalign.encoders.families import load_encoder
from xalign.errors import InputError, ModelError, OptionError
from xalign.links import Alignment
from xalign.models import resolve

PAIRS = [
    ("Das Haus ist klein .", "The house is small ."),
    ("Hello world !", "Wie geht es dir ?"),
    ("", "yes"),
]


@pytest.fixture(scope="module")
def aligner():
    return Aligner.load("mini", device="cpu", dtype="float32")


def links(aligner):
    return [str(alignment) for alignment in aligner.align(PAIRS)]


# One pair.


def test_an_aligner_aligns_one_pair(aligner):
    alignment = aligner("das Haus", ["the", "house"])
    assert isinstance(alignment, Alignment)
    assert str(alignment) == "0-0 1-1"
    assert alignment.words(("das Haus", "the house")) == [("das", "the"), ("Haus", "house")]


def test_what_is_no_side_is_refused(aligner):
    with pytest.raises(InputError, match="the target is 3"):
        aligner("das Haus", 3)


def test_its_repr_says_which_model_aligns_how(aligner):
    assert repr(aligner) == "<Aligner mini: layer 3, agreement-grow; float32 on cpu>"


def test_its_keywords_are_shown():
    assert {"threshold", "extract", "layer"} <= set(inspect.signature(Aligner.from_pretrained).parameters)


# Tables.


def test_columns_go_in_and_columns_come_out(aligner):
    sources, targets = zip(*PAIRS, strict=True)
    table = {"id": [1, 2, 3], "src": list(sources), "tgt": list(targets)}
    found = aligner.map_batch(table)
    alignments = list(aligner.align(PAIRS))
    assert found["links"] == [[list(link) for link in alignment.links] for alignment in alignments]
    assert found["scores"][0] == [round(score, 6) for score in alignments[0].scores]
    assert found["score"] == [round(alignment.score, 6) for alignment in alignments]
    assert json.loads(json.dumps(found)) == found
    named = {"translation": [{"de": source, "en": target} for source, target in PAIRS]}
    assert aligner.map_batch(named) == found


def test_a_table_without_text_is_refused(aligner):
    with pytest.raises(InputError, match='expected the keys "src" and "tgt"'):
        aligner.map_batch({"de": ["a"], "en": ["b"]})


def test_an_alignment_is_json(aligner):
    fields = aligner("das Haus", "the house").to_dict()
    assert json.loads(json.dumps(fields)) == fields
    assert fields["links"] == [[0, 0], [1, 1]]


# Copies.


def test_a_pickle_holds_names_and_no_weights(aligner):
    pickled = pickle.dumps(aligner)
    assert len(pickled) < 2_000
    assert links(pickle.loads(pickled)) == links(aligner)


def test_options_travel_with_a_pickle(tiny):
    aligner = Aligner.load(tiny("xlm-roberta"), "cpu", "float32", layer=2, extract="itermax", src_lang="de")
    for twin in (pickle.loads(pickle.dumps(aligner)), copy.deepcopy(aligner)):
        assert (twin.method, twin.run, twin.layer) == (aligner.method, aligner.run, 2)
        assert links(twin) == links(aligner)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork")
def test_a_pickle_is_used_in_a_forked_process(aligner):
    links(aligner)  # on all threads, which the other process does not have
    forking = multiprocessing.get_context("fork")
    receiver, sender = forking.Pipe(duplex=False)
    pickled = pickle.dumps(aligner)
    child = forking.Process(target=lambda: sender.send(links(pickle.loads(pickled))), daemon=True)
    child.start()
    try:
        assert receiver.poll(60)
        assert receiver.recv() == links(aligner)
    finally:
        child.kill()


def test_a_pickled_method_works(aligner):
    assert pickle.loads(pickle.dumps(aligner.map_batch))({"src": ["ja"], "tgt": ["yes"]})["links"] == [
        [[0, 0]]
    ]


def test_a_folder_is_found_again_from_another_one(tiny, monkeypatch, tmp_path):
    folder = tiny("preset")
    monkeypatch.chdir(folder.parent)
    names = (folder.name, Path(folder.name), f"mini={folder.name}")
    pickled = [pickle.dumps(Aligner.load(model, "cpu")) for model in names]
    monkeypatch.chdir(tmp_path)
    own = Aligner.load(folder, "cpu").preset.name
    assert [pickle.loads(each).preset.name for each in pickled] == [own, own, "mini"]


def test_an_aligner_made_of_an_encoder_cannot_be_pickled():
    made = Aligner(load_encoder(resolve("mini")))
    with pytest.raises(ModelError, match="neither pickled nor copied"):
        pickle.dumps(made)


def test_another_process_gets_the_same_links(aligner):
    program = (
        "import pickle, sys; aligner = pickle.load(sys.stdin.buffer); "
        f"print([str(each) for each in aligner.align({PAIRS!r})])"
    )
    run = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(aligner), capture_output=True)
    assert run.stdout.decode().strip() == str(links(aligner)), run.stderr


# Folders.


def test_a_saved_aligner_aligns_alike(aligner, tmp_path):
    other = Aligner.load("mini", device="cpu", dtype="float32", threshold=0.9)
    other.save_pretrained(tmp_path / "saved")
    again = Aligner.from_pretrained(tmp_path / "saved", device="cpu", dtype="float32")
    assert again.method == other.method
    assert links(again) == links(other) != links(aligner)


def test_an_encoder_in_memory_is_saved_as_it_is(tiny, tmp_path):
    encoder = load_encoder(resolve(str(tiny("preset"))))
    with_other_weights = next(iter(encoder.model.parameters()))
    with_other_weights.data.mul_(-1)
    Aligner(encoder).save_pretrained(tmp_path / "saved")
    assert links(Aligner.load(tmp_path / "saved", "cpu", "float32")) == links(Aligner(encoder))


def test_a_folder_that_holds_something_is_left_alone(aligner, tmp_path):
    (tmp_path / "note").write_text("mine")
    with pytest.raises(OptionError, match="holds something already"):
        aligner.save_pretrained(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["note"]


# A notebook.


def test_an_explanation_is_a_heat_map_in_a_notebook(aligner):
    text = aligner.explain(("das <b>Haus</b>", "the house"))._repr_html_()
    assert text.startswith("<table")
    assert "&lt;b&gt;" in text
    assert "<b>" not in text
    assert "links of words: 0-0" in text

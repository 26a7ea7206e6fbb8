"""Programs that read links, tags and parallel text read what is written for them.

pip install nltk spacy conllu udapi opustools && pytest -m peers tests/peers/test_readers.py
"""

import json
import subprocess
import sys
import zipfile

import pytest

from xalign.formats import WRITERS, WriteOptions
from xalign.links import Alignment, Link
from xalign.project import Rules, project, read_annotated, read_translations
from xalign.score.aer import count
from xalign.text.sentences import SentencePair, read_files, read_stream
from xalign.text.tokenization import tokenize

pytestmark = pytest.mark.peers
PAIR = SentencePair.of(
    "Angela Merkel traf Macron gestern in Paris .", "Yesterday Angela Merkel met Macron in Paris ."
)
TARGET = " ".join(PAIR.target)
LINKS = Alignment.of([(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (5, 5), (6, 6), (7, 7)])
TAGS = ["B-PER", "I-PER", "O", "B-PER", "O", "O", "B-LOC", "O"]
TAGGED = "".join(f"{word}\t{tag}\n" for word, tag in zip(PAIR.source, TAGS, strict=True)) + "\n"
PROJECTED = ["O", "B-PER", "I-PER", "O", "B-PER", "O", "B-LOC", "O"]


def written(format, **options):
    return WRITERS[format](PAIR, LINKS, 1, WriteOptions(**options))


def installed(module, package):
    return pytest.importorskip(module, reason=f"{package} is not installed: pip install {package}")


def projected(tmp_path, name, text, target=TARGET):
    """What `xalign project` writes along LINKS."""
    annotated, translation = tmp_path / name, tmp_path / "text.en"
    annotated.write_text(text, encoding="utf-8")
    translation.write_text(f"{target}\n", encoding="utf-8")
    form = {"iob": "iob", "conllu": "conllu", "jsonl": "offsets"}[name.partition(".")[2]]
    triples = zip(read_annotated(annotated, form), read_translations(translation, form), [LINKS], strict=True)
    return "".join(carried.text for carried in project(triples, form, Rules()))


# --- NLTK: links ---------------------------------------------------------------------------------------------


def test_nltk_reads_pharaoh():
    translate = installed("nltk.translate", "nltk")
    links = translate.Alignment.fromstring(written("pharaoh").strip())
    sentence = translate.AlignedSent(PAIR.source, PAIR.target, links)
    assert {Link(*link) for link in sentence.alignment} == set(LINKS.links)
    assert str(sentence.invert().alignment) == str(LINKS.reversed())
    assert links.range([0, 1]) == [1, 2]


def test_nltks_aer_is_ours():
    translate = installed("nltk.translate", "nltk")
    found = Alignment.of([*LINKS.links[:5], (5, 4), (6, 4)])
    theirs = translate.alignment_error_rate(
        *(translate.Alignment.fromstring(str(each)) for each in (LINKS, found))
    )
    assert count(found, LINKS).aer == pytest.approx(theirs)


# --- spaCy: tags, offsets, CoNLL-U ----------------------------------------------------------------------------


def test_spacy_converts_projected_tags(tmp_path):
    training = installed("spacy.training", "spacy")
    converters = installed("spacy.training.converters", "spacy")
    iob = projected(tmp_path, "a.iob", TAGGED)
    [doc] = converters.conll_ner_to_docs(iob, n_sents=0, no_print=True)
    assert [token.text for token in doc] == list(PAIR.target)
    assert training.biluo_to_iob(training.iob_to_biluo(PROJECTED)) == PROJECTED
    assert [(each.text, each.label_) for each in doc.ents] == [
        ("Angela Merkel", "PER"), ("Macron", "PER"), ("Paris", "LOC"),
    ]  # fmt: skip


def test_spacys_command_makes_a_corpus_of_projected_tags(tmp_path):
    spacy = installed("spacy", "spacy")
    iob = projected(tmp_path, "a.iob", TAGGED)
    (tmp_path / "b.iob").write_text(iob, encoding="utf-8")
    command = [sys.executable, "-m", "spacy", "convert", "b.iob", ".", "--converter", "ner", "--n-sents", "1"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    [doc] = spacy.tokens.DocBin().from_disk(tmp_path / "b.spacy").get_docs(spacy.blank("en").vocab)
    assert [each.text for each in doc.ents] == ["Angela Merkel", "Macron", "Paris"]


def test_spacy_takes_projected_offsets(tmp_path):
    spacy = installed("spacy", "spacy")
    text = "Angela Merkel traf Macron gestern in Paris."
    marked = {
        "text": text,
        "ents": [{"start": 0, "end": 13, "label": "PER"}, {"start": 37, "end": 42, "label": "LOC"}],
    }
    line = projected(
        tmp_path, "a.jsonl", json.dumps(marked) + "\n", "Yesterday Angela Merkel met Macron in Paris."
    )
    found = json.loads(line)
    doc = spacy.blank("en")(found["text"])
    doc.ents = [doc.char_span(each["start"], each["end"], label=each["label"]) for each in found["ents"]]
    assert [(each.text, each.label_) for each in doc.ents] == [("Angela Merkel", "PER"), ("Paris", "LOC")]
    assert "Angela Merkel\n" in spacy.displacy.render(found, style="ent", manual=True, jupyter=False)


def test_spans_of_words_are_tokens_of_spacy():
    spacy = installed("spacy", "spacy")
    text = "The house isn't big, Mr. Smith's friend said."
    doc = spacy.blank("en")(text)
    assert all(doc.char_span(*span) is not None for span in tokenize(text, "unicode", "en").spans)


def test_spacys_alignment_is_made_of_links():
    alignment = installed("spacy.training.alignment", "spacy").Alignment
    links = json.loads(written("jsonl"))["links"]
    sides = [
        [[link[1 - side] for link in links if link[side] == k] for k in range(len(words))]
        for side, words in enumerate((PAIR.source, PAIR.target))
    ]
    found = alignment.from_indices(*sides)
    assert [found.x2y[k].tolist() for k in (0, 4)] == [[1], [0]]
    assert found.y2x[0].tolist() == [4]


# --- CoNLL-U --------------------------------------------------------------------------------------------------


def conllu_of(words, tags):
    lines = [
        f"{k}\t{word}\t_\t{tag}\t_\tCase=Nom\t_\t_\t_\t_\n"
        for k, (word, tag) in enumerate(zip(words, tags, strict=True), 1)
    ]
    return "# sent_id = 1\n" + "".join(lines) + "\n"


UPOS = ["PROPN", "PROPN", "VERB", "PROPN", "ADV", "ADP", "PROPN", "PUNCT"]
PROJECTED_UPOS = ["ADV", "PROPN", "PROPN", "VERB", "PROPN", "ADP", "PROPN", "PUNCT"]


def test_conllu_reads_projected_columns(tmp_path):
    conllu = installed("conllu", "conllu")
    text = projected(tmp_path, "a.conllu", conllu_of(PAIR.source, UPOS))
    [sentence] = conllu.parse(text)
    assert [(token["form"], token["upos"]) for token in sentence] == list(
        zip(PAIR.target, PROJECTED_UPOS, strict=True)
    )
    assert sentence.serialize() == text


def test_udapi_reads_projected_columns(tmp_path):
    document = installed("udapi.core.document", "udapi").Document()
    document.from_conllu_string(projected(tmp_path, "a.conllu", conllu_of(PAIR.source, UPOS)))
    [bundle] = document.bundles
    assert [(node.form, node.upos) for node in bundle.get_tree().descendants] == list(
        zip(PAIR.target, PROJECTED_UPOS, strict=True)
    )


def test_spacy_reads_projected_columns(tmp_path):
    converters = installed("spacy.training.converters", "spacy")
    text = projected(tmp_path, "a.conllu", conllu_of(PAIR.source, UPOS))
    [doc] = converters.conllu_to_docs(text, n_sents=1, no_print=True)
    assert [token.pos_ for token in doc] == PROJECTED_UPOS


# --- OPUS -----------------------------------------------------------------------------------------------------


def test_text_of_opus_tools_is_read(tmp_path):
    """Both forms of its Moses output: two files, and one with a tab."""
    read = installed("opustools", "opustools").OpusRead
    sides = {"de": ["Das Haus ist klein .", "Ja !"], "en": ["The house is small .", "Yes !"]}
    for language, lines in sides.items():
        sentences = "".join(f'<s id="{k}">{line}</s>\n' for k, line in enumerate(lines, 1))
        with zipfile.ZipFile(tmp_path / f"{language}.zip", "w") as archive:
            archive.writestr(
                f"C/raw/{language}/1.xml", f'<?xml version="1.0"?>\n<document>\n{sentences}</document>\n'
            )
    (tmp_path / "links.xml").write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n<cesAlign version="1.0">\n'
        '<linkGrp targType="s" fromDoc="de/1.xml.gz" toDoc="en/1.xml.gz">\n'
        '<link xtargets="1;1" id="SL1"/>\n<link xtargets="2;2" id="SL2"/>\n</linkGrp>\n</cesAlign>\n', encoding="utf-8"
    )  # fmt: skip
    expected = [SentencePair.of(*pair) for pair in zip(*sides.values(), strict=True)]
    for names in (["both"], ["a.de", "a.en"]):
        read(
            directory="C", source="de", target="en", preprocess="raw", write_mode="moses", suppress_prompts=True,
            alignment_file=str(tmp_path / "links.xml"), source_zip=str(tmp_path / "de.zip"),
            target_zip=str(tmp_path / "en.zip"), write=[str(tmp_path / name) for name in names],
        ).printPairs()  # fmt: skip
    assert list(read_stream(tmp_path / "both", "tsv")) == expected
    assert list(read_files(tmp_path / "a.de", tmp_path / "a.en")) == expected

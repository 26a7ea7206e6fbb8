"""Text and links -> the checkpoint that training starts from: a vocabulary, and weights that already know a lexicon.

    python recipes/mini/start.py --text runs/mini/text --out runs/mini/start

A small encoder learns most of its steps' worth from which subwords translate which, and that is known from the links
before the first step. So each subword's embedding starts as a random projection of its distribution over the English
words it is linked to (Johnson and Lindenstrauss 1984): subwords that translate each other start out similar, all
others nearly orthogonal. Positions start as sinusoids, everything else as usual.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import sentencepiece
import torch
from reading import SPLIT, normalizer
from scipy.sparse import coo_matrix, csr_matrix, diags
from text import ENGLISH_WITH
from tokenizers import Tokenizer, decoders
from tokenizers.models import Unigram
from transformers import PreTrainedTokenizerFast, XLMRobertaXLConfig, XLMRobertaXLModel

SEED = 20261121
SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")
EMBEDDING_SIZE = 0.4  # root mean square of an embedding's entries
POSITION_SIZE = 0.1
LINES_PER_LANGUAGE = 20_000  # that the vocabulary is made from
LOGIT_OF_EQUALS = 12.0  # dot product of two equal final states: the temperature that training starts from


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vocabulary", type=int, default=64_000)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--positions", type=int, default=256, help="most subwords on one side")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    if (options.out / "tokenizer.json").exists():
        tokenizer = PreTrainedTokenizerFast.from_pretrained(options.out)
    else:
        tokenizer = make_tokenizer(options.text, options.vocabulary, options.out)
    model = make_model(len(tokenizer), options.width, options.layers, options.positions)
    give_lexicon(model, tokenizer, options.text)
    give_positions(model)
    model.encoder.LayerNorm.weight.data.fill_(math.sqrt(LOGIT_OF_EQUALS / options.width))
    model.save_pretrained(options.out)
    tokenizer.save_pretrained(options.out)
    (options.out / "xalign.json").write_text(
        json.dumps({**PRESET, "layer": options.layers}, indent=2) + "\n", encoding="utf-8"
    )


def make_tokenizer(text: Path, vocabulary: int, out: Path) -> PreTrainedTokenizerFast:
    """A unigram vocabulary (Kudo 2018) over all languages, in XLM-R's order of ids."""
    prefix = out / "sentencepiece"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=vocabulary_lines(text),
        model_prefix=str(prefix),
        vocab_size=vocabulary - 2,
        model_type="unigram",
        character_coverage=0.9998,
        normalization_rule_name="nmt_nfkc",
        bos_piece="<s>",
        eos_piece="</s>",
        unk_piece="<unk>",
        num_threads=2,
        minloglevel=1,
    )
    model = sentencepiece.SentencePieceProcessor(model_file=str(prefix.with_suffix(".model")))
    pieces = [(model.id_to_piece(i), model.get_score(i)) for i in range(len(model))]
    vocab = [(special, 0.0) for special in SPECIALS]
    vocab += [(piece, score) for piece, score in pieces if piece not in SPECIALS]
    vocab.append(("<mask>", 0.0))
    for suffix in (".model", ".vocab"):
        prefix.with_suffix(suffix).unlink()
    tokenizer = Tokenizer(Unigram(vocab, unk_id=SPECIALS.index("<unk>")))
    tokenizer.normalizer = normalizer()
    tokenizer.pre_tokenizer = SPLIT
    tokenizer.decoder = decoders.Metaspace()
    bos, pad, eos, unk = SPECIALS
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=bos,
        cls_token=bos,
        pad_token=pad,
        eos_token=eos,
        sep_token=eos,
        unk_token=unk,
        mask_token="<mask>",
    )


def vocabulary_lines(text: Path) -> Iterator[str]:
    """The first lines of every side of every English pair: as much of each language, five times as much English."""
    for source in sorted(text.glob("en-*.en")):
        target = source.with_suffix(f".{source.stem.split('-')[1]}")
        for path, most in ((source, LINES_PER_LANGUAGE // 8), (target, LINES_PER_LANGUAGE)):
            with path.open(encoding="utf-8") as lines:
                read = normalizer().normalize_str
                yield from (read(line.rstrip("\n")) for line in itertools.islice(lines, most))


def make_model(vocabulary: int, width: int, layers: int, positions: int) -> XLMRobertaXLModel:
    config = XLMRobertaXLConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        intermediate_size=4 * width,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        max_position_embeddings=positions + 4,  # <s> and </s>, and XLM-R's two unused positions
        type_vocab_size=2,
        initializer_range=0.05,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    return XLMRobertaXLModel(config, add_pooling_layer=False)


def give_lexicon(model: XLMRobertaXLModel, tokenizer: PreTrainedTokenizerFast, text: Path) -> None:
    counts = subword_counts(tokenizer, text)
    # Ochiai's coefficient, count / sqrt(count of subword * count of word), so that frequent words do not
    # stand in everybody's distribution.
    subword_totals = np.asarray(counts.sum(axis=1)).ravel()
    word_totals = np.asarray(counts.sum(axis=0)).ravel()
    weights = diags(1 / np.sqrt(np.maximum(subword_totals, 1e-9))) @ counts @ diags(1 / np.sqrt(word_totals))
    embeddings = model.embeddings.word_embeddings.weight.data
    random = np.random.default_rng(SEED)
    projected = weights @ random.standard_normal((counts.shape[1], embeddings.shape[1]), dtype=np.float32)
    known = subword_totals > 0
    projected[~known] = random.standard_normal((int((~known).sum()), embeddings.shape[1]))
    projected *= EMBEDDING_SIZE / np.sqrt(np.square(projected).mean(axis=1, keepdims=True))
    embeddings.copy_(torch.from_numpy(projected))
    embeddings[tokenizer.pad_token_id] = 0
    print(
        f"{known.sum()} of {len(known)} subwords have a lexicon entry, over {counts.shape[1]} English words"
    )


def subword_counts(tokenizer: PreTrainedTokenizerFast, text: Path) -> csr_matrix:
    """How often each subword stands in a word linked to each English word. Shape: (subwords, English words)."""
    english: Counter[str] = Counter()
    linked: defaultdict[tuple[str, str], float] = defaultdict(float)  # (foreign word, English word)
    for links_file in sorted(text.glob("en-*.links")):
        language = links_file.stem.split("-")[1]
        files = (links_file.with_suffix(".en"), links_file.with_suffix(f".{language}"), links_file)
        for source, target, links in zip(*(path.open(encoding="utf-8") for path in files), strict=True):
            source_words, target_words = source.split(), target.split()
            english.update(source_words)
            for link in links.split():
                i, j, share = re.split("[-:]", link)
                linked[target_words[int(j)], source_words[int(i)]] += float(share)
    columns = {word: k for k, (word, count) in enumerate(english.items())}
    entries: list[tuple[str, str, float]] = [(word, word, count) for word, count in english.items()]
    entries += [(foreign, word, count) for (foreign, word), count in linked.items()]
    words = sorted({word for word, _, _ in entries})
    ids = dict(zip(words, tokenizer(words, add_special_tokens=False)["input_ids"], strict=True))
    rows, cols, values = [], [], []
    for word, english_word, count in entries:
        for subword in ids[word]:
            rows.append(subword)
            cols.append(columns[english_word])
            values.append(count / len(ids[word]))
    shape = (len(tokenizer), len(columns))
    return coo_matrix((np.asarray(values, dtype=np.float32), (rows, cols)), shape=shape).tocsr()


def give_positions(model: XLMRobertaXLModel) -> None:
    """Sinusoids (Vaswani et al. 2017, section 3.5), small, so that near positions start out similar."""
    table = model.embeddings.position_embeddings.weight.data
    positions, width = table.shape
    angles = torch.arange(positions)[:, None] / 10_000 ** (torch.arange(0, width, 2) / width)
    table.copy_(torch.cat([angles.sin(), angles.cos()], dim=1) * POSITION_SIZE * math.sqrt(2))


PRESET = {
    "name": "mini",
    "encode": "pair",
    "similarity": "dot",
    "extract": "softmax",
    "threshold": 0.35,
    "level": "word",
    "punctuation": "apart",
    "segments": True,
    "positions": "restart",
    "languages": ["en", *ENGLISH_WITH],
}

if __name__ == "__main__":
    main()

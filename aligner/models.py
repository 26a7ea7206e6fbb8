"""What each published aligner does, as data: checkpoint, layer, encoding, similarity, extraction, threshold.

A model is named by a preset (`xlm-align`), by a preset with the checkpoint taken from elsewhere
(`xlm-align=/data/xlm-align-base`), by a folder, by a fairseq archive, or by the id of any checkpoint on the
hub (`owner/name`). A folder may hold its own preset in `xalign.json`: that is how `mini` and whatever
`xalign train` writes come to need no further option.

Does not: load anything (encoder.py does), or import torch.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from . import hub
from .errors import ModelError
from .json_file import parse_object, read_object, shortened

ENCODINGS = ("pair", "separate")
SIMILARITIES = ("dot", "cosine")
LEVELS = ("subword", "word")
POSITIONS = ("continuous", "restart")
PUNCTUATION = ("free", "apart")
EXTRACTIONS = (
    "argmax",
    "forward",
    "backward",
    "union",
    "itermax",
    "match",
    "softmax",
    "entmax",
    "agreement",
    "xlm-align",
    "sinkhorn",
    "unbalanced",
)
FAMILIES = ("auto", "prenorm", "postnorm", "roberta", "xmod", "xlm", "bert", "fairseq", "generic")

DEFAULT = "mini"
# The models that come with the package, by name.
BUNDLED = {name: Path(__file__).parent / "checkpoints" / name for name in (DEFAULT, "small")}
PRESET_FILE = "xalign.json"
_MOST_LAYERS = 1_000


@dataclass(frozen=True)
class Preset:
    """Where a model comes from and how it is meant to be used; every value can be overridden by an option.

    `layer` is None where nobody has said which layer aligns: then it must be given.
    `threshold` is what a link's score must lie above; None leaves it to the method.
    `segments`: in pair encoding, the target side gets token type 1.
    `punctuation`: `apart` links it to punctuation alone.
    `positions`: in pair encoding, `restart` counts the target side's positions from its own first subword.
    `checksums` are MD5 sums by file name. `languages` are ISO 639-1 codes, where a language has one.
    """

    name: str
    checkpoint: str
    family: str = "auto"
    layer: int | None = None
    encode: str = "separate"
    similarity: str = "cosine"
    extract: str = "argmax"
    threshold: float | None = None
    level: str = "subword"
    punctuation: str = "free"
    segments: bool = False
    positions: str = "continuous"
    languages: tuple[str, ...] = ()
    checksums: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        _expect_one_of(self, "family", FAMILIES)
        _expect_one_of(self, "encode", ENCODINGS)
        _expect_one_of(self, "similarity", SIMILARITIES)
        _expect_one_of(self, "extract", EXTRACTIONS)
        _expect_one_of(self, "level", LEVELS)
        _expect_one_of(self, "punctuation", PUNCTUATION)
        _expect_one_of(self, "positions", POSITIONS)
        for name in ("name", "checkpoint", "description", "source"):
            _expect(self, name, isinstance(getattr(self, name), str), "a text")
        _expect(self, "segments", isinstance(self.segments, bool), "true or false")
        _expect(self, "languages", _are_texts(self.languages), "a list of codes")
        sums = isinstance(self.checksums, Mapping) and _are_texts((*self.checksums, *self.checksums.values()))
        _expect(self, "checksums", sums, "an object of MD5 sums by file name")
        _expect(self, "layer", self.layer is None or _is_layer(self.layer), "0, 1, ... or null")
        _expect(self, "threshold", self.threshold is None or _is_finite(self.threshold), "a number or null")

    def to_json(self) -> str:
        """The text of `xalign.json`: everything but the place, which is the folder that holds the file."""
        values = asdict(self)
        del values["checkpoint"]
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, checkpoint: str) -> Preset:
        """The preset that a checkpoint folder holds; ModelError names the file and the key that is wrong."""
        where = f"{checkpoint}/{PRESET_FILE}"
        return cls._from_values(parse_object(text, where), where, checkpoint)

    @classmethod
    def from_file(cls, path: Path, checkpoint: str) -> Preset:
        """The same, from a file."""
        return cls._from_values(read_object(path), str(path), checkpoint)

    @classmethod
    def _from_values(cls, values: dict[str, Any], where: str, checkpoint: str) -> Preset:
        if "name" not in values:
            raise ModelError(f'{where}: expected an object with at least "name"')
        known = {each.name for each in fields(cls)} - {"checkpoint"}
        if unknown := sorted(set(values) - known):
            raise ModelError(
                f"{where}: unknown key {shortened(unknown[0])}; known are {', '.join(sorted(known))}"
            )
        languages = values.get("languages", [])
        if isinstance(languages, list):
            values = {**values, "languages": tuple(languages)}
        try:
            return cls(checkpoint=checkpoint, **values)
        except ModelError as error:
            raise ModelError(f"{where}: {error}") from None


def _expect(preset: Preset, name: str, is_right: bool, expected: str) -> None:
    if not is_right:
        called = preset.name if isinstance(preset.name, str) else shortened(preset.name)
        value = shortened(getattr(preset, name))
        raise ModelError(f"preset {called}: {name} is {value}; expected {expected}")


def _are_texts(values: object) -> bool:
    return isinstance(values, tuple) and all(isinstance(each, str) for each in values)


def _is_layer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_LAYERS


def _is_finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) <= 1e300 and not math.isnan(value)


def _expect_one_of(preset: Preset, name: str, valid: tuple[str, ...]) -> None:
    _expect(preset, name, getattr(preset, name) in valid, f"one of {', '.join(valid)}")


def resolve(model: str) -> Preset:
    """What a user's `--model` stands for; reads at most one small file, of the hub where need be, and loads nothing.

    >>> resolve("xlm-align").layer
    9
    >>> resolve("xlm-align=.").checkpoint
    '.'

    Raises:
        ModelError: there is no such model, or what it says about itself cannot be read.
    """
    if model in BUNDLED:
        return _from_folder(BUNDLED[model])
    if model in PRESETS:
        return PRESETS[model]
    name, equals, place = model.partition("=")
    if equals and name in (*BUNDLED, *PRESETS):
        return _at(resolve(name), place)
    path = _path(model)
    if path is not None and path.is_dir():
        return _from_folder(path)
    if path is not None and path.is_file():
        return Preset(name=path.name, checkpoint=str(path), family="fairseq")
    return _from_hub_id(model)


def _path(text: str) -> Path | None:
    """What is there by that name; None where nothing is, or nothing can be."""
    try:
        path = Path(text).expanduser()
        return path if text and path.exists() else None
    except (OSError, RuntimeError, ValueError):  # too long a name; nobody's home; a NUL
        return None


def _at(preset: Preset, place: str) -> Preset:
    """The preset with its checkpoint taken from a folder or a fairseq archive."""
    path = _path(place)
    if path is None:
        raise ModelError(f"{place!r}: no such folder or archive")
    family = "fairseq" if path.is_file() or holds_fairseq(path) else preset.family
    return replace(preset, checkpoint=str(path), family=family)


def _from_folder(path: Path) -> Preset:
    own = path / PRESET_FILE
    if own.is_file():
        return Preset.from_file(own, str(path))
    family = "fairseq" if holds_fairseq(path) else "auto"
    return Preset(name=path.resolve().name, checkpoint=str(path), family=family)


def holds_fairseq(path: Path) -> bool:
    """Whether it is fairseq's archive, or a folder with what is in one."""
    return path.is_file() or ((path / "model.pt").is_file() and not (path / "config.json").is_file())


def _from_hub_id(model: str) -> Preset:
    """A preset's own checkpoint gets that preset's values; any other says in its own `xalign.json` how it is meant."""
    for preset in PRESETS.values():
        if model == preset.checkpoint:
            return preset
    if model in _FORMER_IDS:
        return replace(PRESETS[_FORMER_IDS[model]], checkpoint=model)
    if not hub.is_id(model):
        raise ModelError(
            f"unknown model {shortened(model)}: no preset (`xalign models` lists them), no such folder or file, "
            "and not a hub id of the form owner/name"
        )
    own = hub.file_of(model, PRESET_FILE)
    return Preset.from_file(own, model) if own is not None else Preset(name=model, checkpoint=model)


def is_cached(preset: Preset) -> bool:
    """Whether loading needs no download: a folder or archive, or a whole checkpoint in the hub's cache."""
    return Path(preset.checkpoint).exists() or hub.cached_folder(preset.checkpoint) is not None


def verify(preset: Preset, folder: Path) -> dict[str, bool]:
    """file name -> whether its MD5 sum in `folder` is the published one; ModelError if none is published."""
    if not preset.checksums:
        raise ModelError(f"{preset.name}: no published checksums to verify against")
    for name in preset.checksums:
        if not (folder / name).is_file():
            raise ModelError(f"{folder / name}: missing; {preset.name} needs {', '.join(preset.checksums)}")
    return {name: _md5(folder / name) == expected for name, expected in preset.checksums.items()}


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


# The table. Layers count from 0, the embeddings. "By analogy" marks a layer that nobody has published.


def _codes(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# The languages of CC-100, on which XLM-R was trained (Conneau et al. 2020, appendix A).
_CC100 = _codes(
    "af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi hr "
    "hu hy id is it ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps "
    "pt ro ru sa sd si sk sl so sq sr su sv sw ta te th tl tr ug uk ur uz vi xh yi zh"
)
# The 81 adapters of X-MOD (Pfeiffer et al. 2022): Chinese has two, so that `zh` alone is ambiguous.
_XMOD = _codes(
    "af am ar az be bg bn ca cs cy da de el en eo es et eu fa fi fr ga gl gu ha he hi hr hu hy id is it "
    "ja ka kk km kn ko ku ky la lo lt lv mk ml mn mr ms my ne nl no or pa pl ps pt ro ru sa si sk sl so "
    "sq sr sv sw ta te th tl tr uk ur uz vi zh_CN zh_TW"
)
# The languages of multilingual BERT that have an ISO 639-1 code.
_MBERT = _codes(
    "af an ar az ba be bg bn br bs ca ce cs cv cy da de el en es et eu fa fi fr fy ga gl gu he hi hr ht "
    "hu hy id io is it ja jv ka kk kn ko ky la lb lt lv mg mk ml mn mr ms my ne nl nn no oc pa pl pt ro "
    "ru sk sl sq sr su sv sw ta te tg th tl tr tt uk ur uz vi vo yo zh"
)
_LABSE = _codes(
    "af am ar as az be bg bn bo bs ca co cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi "
    "hr ht hu hy id ig is it ja jv ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my ne nl "
    "no ny or pa pl pt ro ru rw si sk sl sm sn so sq sr st su sv sw ta te tg th tk tl tr tt ug uk ur uz "
    "vi wo xh yi yo zh zu"
)
_XNLI15 = _codes("ar bg de el en es fr hi ru sw th tr ur vi zh")
_XLM17 = _codes("ar de en es fr hi it ja ko nl pl pt ru sv tr vi zh")
_XLM100 = _codes(
    "af als am an ang ar arz ast az bar be bg bn br bs ca ceb ckb cs cy da de el en eo es et eu fa fi fr "
    "fy ga gan gl gu he hi hr hu hy ia id is it ja jv ka kk kn ko ku la lb lt lv mk ml mn mr ms my nds ne "
    "nl nn no oc pl pt ro ru scn sco sh si simple sk sl sq sr sv sw ta te th tl tr tt uk ur uz vi war wuu "
    "yi zh zh_classical zh_min_nan zh_yue"
)

_XLM_ALIGN_PAPER = "Chi et al. 2021, https://arxiv.org/abs/2106.06381"
_SIMALIGN_PAPER = "Jalili Sabet et al. 2020, https://arxiv.org/abs/2004.08728"
_AWESOME_PAPER = "Dou and Neubig 2021, https://arxiv.org/abs/2101.08231"
_ACCALIGN_PAPER = "Wang et al. 2022, https://arxiv.org/abs/2210.04141"
_INFOXLM_PAPER = "Chi et al. 2021, https://arxiv.org/abs/2007.07834"
_XLMR_PAPER = "Conneau et al. 2020, https://arxiv.org/abs/1911.02116"
_XMOD_PAPER = "Pfeiffer et al. 2022, https://arxiv.org/abs/2205.06266"
_XLM_PAPER = "Conneau and Lample 2019, https://arxiv.org/abs/1901.07291"


def _xlm_align_method(name: str, checkpoint: str, layer: int, description: str, source: str) -> Preset:
    """The XLM-Align paper's word aligner: the pair in one sequence, dot products, two transport rounds."""
    return Preset(
        name=name,
        checkpoint=checkpoint,
        family="roberta",
        layer=layer,
        encode="pair",
        similarity="dot",
        extract="xlm-align",
        languages=_CC100,
        description=description,
        source=source,
    )


def _xmod(name: str, checkpoint: str, layer: int) -> Preset:
    return Preset(
        name=name,
        checkpoint=checkpoint,
        family="xmod",
        layer=layer,
        languages=_XMOD,
        description="X-MOD, an adapter per language; SimAlign's method, layer by analogy",
        source=_XMOD_PAPER,
    )


def _xlm(name: str, layer: int, languages: tuple[str, ...], objective: str) -> Preset:
    return Preset(
        name=name,
        checkpoint=f"FacebookAI/{name}",
        family="xlm",
        layer=layer,
        languages=languages,
        description=f"XLM, {objective}; SimAlign's method, layer by analogy",
        source=_XLM_PAPER,
    )


_ROWS = (
    replace(
        _xlm_align_method(
            "xlm-align", "microsoft/xlm-align-base", 9, "XLM-Align with its paper's aligner", _XLM_ALIGN_PAPER
        ),
        # Published for the upload CZWin32768/xlm-align.
        checksums={
            "config.json": "b9d214025837250ede2f69c9385f812c",
            "pytorch_model.bin": "6005db708eb4bab5b85fa3976b9db85b",
            "sentencepiece.bpe.model": "bf25eb5120ad92ef5c7d8596b5dc4046",
            "tokenizer.json": "eedbd60a7268b9fc45981b849664f747",
        },
    ),
    _xlm_align_method(
        "xlmr-base", "FacebookAI/xlm-roberta-base", 8, "XLM-R with XLM-Align's word aligner", _XLM_ALIGN_PAPER
    ),
    _xlm_align_method(
        "xlmr-large",
        "FacebookAI/xlm-roberta-large",
        16,
        "XLM-R large with XLM-Align's word aligner, layer by analogy",
        _XLMR_PAPER,
    ),
    _xlm_align_method(
        "infoxlm-base",
        "microsoft/infoxlm-base",
        8,
        "InfoXLM with XLM-Align's word aligner, layer by analogy",
        _INFOXLM_PAPER,
    ),
    _xlm_align_method(
        "infoxlm-large",
        "microsoft/infoxlm-large",
        16,
        "InfoXLM large with XLM-Align's word aligner, layer by analogy",
        _INFOXLM_PAPER,
    ),
    Preset(
        name="mbert",
        checkpoint="google-bert/bert-base-multilingual-cased",
        family="bert",
        layer=8,
        similarity="dot",
        extract="softmax",
        threshold=0.001,
        languages=_MBERT,
        description="multilingual BERT as awesome-align uses it",
        source=_AWESOME_PAPER,
    ),
    Preset(
        name="simalign",
        checkpoint="google-bert/bert-base-multilingual-cased",
        family="bert",
        layer=8,
        languages=_MBERT,
        description="multilingual BERT as SimAlign uses it (also --extract itermax, match)",
        source=_SIMALIGN_PAPER,
    ),
    Preset(
        name="simalign-xlmr",
        checkpoint="FacebookAI/xlm-roberta-base",
        family="roberta",
        layer=8,
        languages=_CC100,
        description="XLM-R as SimAlign uses it (also --extract itermax, match)",
        source=_SIMALIGN_PAPER,
    ),
    Preset(
        name="labse",
        checkpoint="sentence-transformers/LaBSE",
        family="bert",
        layer=6,
        similarity="dot",
        extract="softmax",
        threshold=0.1,
        languages=_LABSE,
        description="LaBSE as AccAlign uses it, without AccAlign's adapters",
        source=_ACCALIGN_PAPER,
    ),
    _xmod("xmod-base", "facebook/xmod-base", 8),
    _xmod("xmod-large", "facebook/xmod-large-prenorm", 16),
    _xlm("xlm-mlm-100-1280", 8, _XLM100, "MLM in 100 languages, no language embeddings"),
    _xlm("xlm-mlm-17-1280", 8, _XLM17, "MLM in 17 languages, no language embeddings"),
    _xlm("xlm-mlm-xnli15-1024", 6, _XNLI15, "MLM in 15 languages"),
    _xlm("xlm-mlm-tlm-xnli15-1024", 6, _XNLI15, "MLM and TLM in 15 languages"),
    _xlm("xlm-mlm-enfr-1024", 4, ("en", "fr"), "MLM"),
    _xlm("xlm-mlm-ende-1024", 4, ("de", "en"), "MLM"),
    _xlm("xlm-mlm-enro-1024", 4, ("en", "ro"), "MLM"),
    _xlm("xlm-clm-enfr-1024", 4, ("en", "fr"), "causal"),
    _xlm("xlm-clm-ende-1024", 4, ("de", "en"), "causal"),
)

# name -> preset of a published checkpoint; `mini` stands in its own folder, see `resolve`.
PRESETS: dict[str, Preset] = {preset.name: preset for preset in _ROWS}

# Ids under which a checkpoint was published before.
_FORMER_IDS = {"CZWin32768/xlm-align": "xlm-align"}

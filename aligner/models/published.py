"""The table of presets: what published aligners and checkpoints are, and how they are used."""

from __future__ import annotations

from typing import Any

from .preset import Preset

# A layer with a question mark is by analogy: nobody has published which one aligns best. No preset pins a revision of
# its checkpoint, since its authors name none; one that did would have the checkpoint owner/name@revision.
_TABLE = """
name                    checkpoint                               family  layer method    langs  paper     what
xlm-align               microsoft/xlm-align-base                 roberta   9   xlm-align cc100  xlm-align XLM-Align
xlmr-base               FacebookAI/xlm-roberta-base              roberta   8   xlm-align cc100  xlm-r     XLM-R
xlmr-large              FacebookAI/xlm-roberta-large             roberta  16?  xlm-align cc100  xlm-r     XLM-R large
infoxlm-base            microsoft/infoxlm-base                   roberta   8?  xlm-align cc100  infoxlm   InfoXLM
infoxlm-large           microsoft/infoxlm-large                  roberta  16?  xlm-align cc100  infoxlm   InfoXLM large
mbert                   google-bert/bert-base-multilingual-cased bert      8   awesome   mbert  bert      mBERT
simalign                google-bert/bert-base-multilingual-cased bert      8   simalign  mbert  bert      mBERT
simalign-xlmr           FacebookAI/xlm-roberta-base              roberta   8   simalign  cc100  xlm-r     XLM-R
labse                   sentence-transformers/LaBSE              bert      6   accalign  labse  labse     LaBSE
xmod-base               facebook/xmod-base                       xmod      8?  simalign  xmod   x-mod     X-MOD
xmod-large              facebook/xmod-large-prenorm              xmod     16?  simalign  xmod   x-mod     X-MOD large
xlm-mlm-100-1280        FacebookAI/xlm-mlm-100-1280              xlm       8?  simalign  xlm100 xlm       XLM, MLM
xlm-mlm-17-1280         FacebookAI/xlm-mlm-17-1280               xlm       8?  simalign  xlm17  xlm       XLM, MLM
xlm-mlm-xnli15-1024     FacebookAI/xlm-mlm-xnli15-1024           xlm       6?  simalign  xnli15 xlm       XLM, MLM
xlm-mlm-tlm-xnli15-1024 FacebookAI/xlm-mlm-tlm-xnli15-1024       xlm       6?  simalign  xnli15 xlm       XLM, MLM + TLM
xlm-mlm-enfr-1024       FacebookAI/xlm-mlm-enfr-1024             xlm       4?  simalign  en-fr  xlm       XLM, MLM
xlm-mlm-ende-1024       FacebookAI/xlm-mlm-ende-1024             xlm       4?  simalign  de-en  xlm       XLM, MLM
xlm-mlm-enro-1024       FacebookAI/xlm-mlm-enro-1024             xlm       4?  simalign  en-ro  xlm       XLM, MLM
xlm-clm-enfr-1024       FacebookAI/xlm-clm-enfr-1024             xlm       4?  simalign  en-fr  xlm       XLM, causal
xlm-clm-ende-1024       FacebookAI/xlm-clm-ende-1024             xlm       4?  simalign  de-en  xlm       XLM, causal
"""

_SOFTMAX = {"similarity": "dot", "extract": "softmax"}
# method -> whose it is, its paper, its values
_METHODS: dict[str, tuple[str, str, dict[str, Any]]] = {
    # The pair in one sequence, dot products, two transport rounds.
    "xlm-align": ("XLM-Align", "xlm-align", {"encode": "pair", "similarity": "dot", "extract": "xlm-align"}),
    # Separate, cosine, argmax: the defaults of a preset.
    "simalign": ("SimAlign", "simalign", {}),
    "awesome": ("awesome-align", "awesome-align", {**_SOFTMAX, "threshold": 0.001}),
    "accalign": ("AccAlign, without its adapters", "accalign", {**_SOFTMAX, "threshold": 0.1}),
}

_PAPERS = {
    "xlm-align": "Chi et al. 2021, https://arxiv.org/abs/2106.06381",
    "simalign": "Jalili Sabet et al. 2020, https://arxiv.org/abs/2004.08728",
    "awesome-align": "Dou and Neubig 2021, https://arxiv.org/abs/2101.08231",
    "accalign": "Wang et al. 2022, https://arxiv.org/abs/2210.04141",
    "infoxlm": "Chi et al. 2021, https://arxiv.org/abs/2007.07834",
    "xlm-r": "Conneau et al. 2020, https://arxiv.org/abs/1911.02116",
    "x-mod": "Pfeiffer et al. 2022, https://arxiv.org/abs/2205.06266",
    "xlm": "Conneau and Lample 2019, https://arxiv.org/abs/1901.07291",
    "bert": "Devlin et al. 2019, https://arxiv.org/abs/1810.04805",
    "labse": "Feng et al. 2022, https://arxiv.org/abs/2007.01852",
}

# MD5 sums that were published with a checkpoint.
_CHECKSUMS = {
    # of the upload CZWin32768/xlm-align
    "xlm-align": {
        "config.json": "b9d214025837250ede2f69c9385f812c",
        "pytorch_model.bin": "6005db708eb4bab5b85fa3976b9db85b",
        "sentencepiece.bpe.model": "bf25eb5120ad92ef5c7d8596b5dc4046",
        "tokenizer.json": "eedbd60a7268b9fc45981b849664f747",
    },
}

# ISO 639-1 codes, where a language has one.
_LANGUAGES = {
    # The languages of CC-100, on which XLM-R was trained (Conneau et al. 2020, appendix A).
    "cc100": (
        "af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi hr "
        "hu hy id is it ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps "
        "pt ro ru sa sd si sk sl so sq sr su sv sw ta te th tl tr ug uk ur uz vi xh yi zh"
    ),
    # The 81 adapters of X-MOD (Pfeiffer et al. 2022): Chinese has two, so that `zh` alone is ambiguous.
    "xmod": (
        "af am ar az be bg bn ca cs cy da de el en eo es et eu fa fi fr ga gl gu ha he hi hr hu hy id is it "
        "ja ka kk km kn ko ku ky la lo lt lv mk ml mn mr ms my ne nl no or pa pl ps pt ro ru sa si sk sl so "
        "sq sr sv sw ta te th tl tr uk ur uz vi zh_CN zh_TW"
    ),
    # The languages of multilingual BERT that have an ISO 639-1 code.
    "mbert": (
        "af an ar az ba be bg bn br bs ca ce cs cv cy da de el en es et eu fa fi fr fy ga gl gu he hi hr ht "
        "hu hy id io is it ja jv ka kk kn ko ky la lb lt lv mg mk ml mn mr ms my ne nl nn no oc pa pl pt ro "
        "ru sk sl sq sr su sv sw ta te tg th tl tr tt uk ur uz vi vo yo zh"
    ),
    "labse": (
        "af am ar as az be bg bn bo bs ca co cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi "
        "hr ht hu hy id ig is it ja jv ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my ne nl "
        "no ny or pa pl pt ro ru rw si sk sl sm sn so sq sr st su sv sw ta te tg th tk tl tr tt ug uk ur uz "
        "vi wo xh yi yo zh zu"
    ),
    "xnli15": "ar bg de el en es fr hi ru sw th tr ur vi zh",
    "xlm17": "ar de en es fr hi it ja ko nl pl pt ru sv tr vi zh",
    "xlm100": (
        "af als am an ang ar arz ast az bar be bg bn br bs ca ceb ckb cs cy da de el en eo es et eu fa fi fr "
        "fy ga gan gl gu he hi hr hu hy ia id is it ja jv ka kk kn ko ku la lb lt lv mk ml mn mr ms my nds ne "
        "nl nn no oc pl pt ro ru scn sco sh si simple sk sl sq sr sv sw ta te th tl tr tt uk ur uz vi war wuu "
        "yi zh zh_classical zh_min_nan zh_yue"
    ),
    "de-en": "de en",
    "en-fr": "en fr",
    "en-ro": "en ro",
}


_ROWS = [line.split(maxsplit=7) for line in _TABLE.strip().splitlines()[1:]]


def _preset(
    name: str, place: str, family: str, layer: str, method: str, languages: str, paper: str, what: str
) -> Preset:
    whose, method_paper, values = _METHODS[method]
    papers = dict.fromkeys((_PAPERS[paper], _PAPERS[method_paper]))
    return Preset.of(
        name,
        place,
        family=family,
        layer=int(layer.removesuffix("?")),
        languages=tuple(_LANGUAGES[languages].split()),
        description=f"{what}, aligned as by {whose}{'; layer by analogy' if '?' in layer else ''}",
        source="; ".join(papers),
        checksums=_CHECKSUMS.get(name, {}),
        **values,
    )


PRESETS = {name: _preset(name, *cells) for name, *cells in _ROWS}
"""name -> preset of a published checkpoint. The presets of the bundled models are in their folders."""

BY_ANALOGY = frozenset(name for name, _, _, layer, *_ in _ROWS if layer.endswith("?"))
"""Presets whose layer was chosen by analogy."""

ALSO_CALLED = {
    **{preset.checkpoint.place.partition("/")[2]: name for name, preset in reversed(PRESETS.items())},
    "awesome-align": "mbert",
    "accalign": "labse",
}
"""Names by which papers and programs call a model -> the first preset in the table that has it."""

FORMER_IDS = {"CZWin32768/xlm-align": "xlm-align"}
"""Former ids of checkpoints, which still exist -> the preset."""

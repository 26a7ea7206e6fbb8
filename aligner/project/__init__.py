"""An annotated sentence, its plain translation and the links between them -> the translation, annotated.

spans      spans of source words -> spans of target words, by `Rules`
labels     a label per source word -> a label per target word
iob        words and IOB2 tags in columns
conllu     columns of CoNLL-U
offsets    JSON lines with character offsets
markup     text with tags and placeholders -> a tree (placing: the tree -> the translation)
stream     files -> annotated translations, and a list of what could not be carried over
"""

from .spans import Carried, Lost, Rules
from .stream import FORMATS, detect_format, project, read_annotated, read_translations

__all__ = [
    "FORMATS",
    "Carried",
    "Lost",
    "Rules",
    "detect_format",
    "project",
    "read_annotated",
    "read_translations",
]

"""An annotated sentence, its plain translation and the links between them -> the translation, annotated.

spans      spans of source words -> spans of target words, by `Rules`
labels     a label per source word -> a label per target word
iob        words and IOB2 tags in columns
conllu     columns of CoNLL-U
offsets    JSON lines with character offsets
markup     text with tags and placeholders -> a tree (placing: the tree -> the translation)
stream     files -> annotated translations, and a list of what could not be carried over
"""

from .spans import Carried as Carried
from .spans import Lost as Lost
from .spans import Rules as Rules
from .stream import FORMATS as FORMATS
from .stream import detect_format as detect_format
from .stream import project as project
from .stream import read_annotated as read_annotated
from .stream import read_translations as read_translations

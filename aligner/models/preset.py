"""A preset: where a model is, how it encodes a pair, how its links are found, and what is known about it.

In Python it has these four parts. In `xalign.json`, beside a checkpoint, their values are keys of one object.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from ..errors import ModelError, OptionError
from ..input_shape import InputShape
from ..json_file import read_object, shortened
from ..languages import primary
from ..method import Method, MethodOptions
from ..options import Choice, Option, settle, split

PRESET_FILE = "xalign.json"


class Family(Choice):
    """Which file of encoders/ reads a checkpoint; `auto` looks at its config."""

    AUTO = "auto"
    PRENORM = "prenorm"
    POSTNORM = "postnorm"
    ROBERTA = "roberta"
    XMOD = "xmod"
    XLM = "xlm"
    BERT = "bert"
    FAIRSEQ = "fairseq"
    GENERIC = "generic"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Where weights are. `checksums`: the published MD5 sums of its files.

    `place`: a folder, a fairseq archive, or an id on the hub, `owner/name` or `owner/name@revision`.
    """

    place: str
    family: Family = Family.AUTO
    checksums: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        settle(self)


@dataclass(frozen=True, kw_only=True)
class About:
    """What is known about a model. `languages`: ISO 639-1 codes if a language has one; `source`: the paper."""

    languages: tuple[str, ...] = ()
    description: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        settle(self)

    def lists(self, language: str) -> bool:
        """Whether a language is among the languages, in any spelling of its code; True if there are none."""
        listed = {primary(code) for code in self.languages}
        return not listed or primary(language) in listed


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Options that describe the text of a run. A language is a code such as `de` or `de_DE`."""

    source_language: Annotated[
        str | None,
        Option(
            "Language of the source, such as de or de_DE. Needed by X-MOD and XLM; other models ignore it."
        ),
    ] = None
    target_language: Annotated[str | None, Option("Language of the target.")] = None
    words: str | None = None  # how strings become words (tokenization.py); None: at spaces and tabs
    batch_tokens: Annotated[
        int | None, Option("Padded subwords in a batch; by default a number that suits the device.", least=1)
    ] = None

    def __post_init__(self) -> None:
        settle(self)


class Options(MethodOptions, total=False):
    """All options of alignment; None keeps the value of the preset."""

    encode: str | None
    positions: str | None
    segments: bool | None
    window: int | None
    source_language: str | None
    target_language: str | None
    src_lang: str | None
    tgt_lang: str | None
    words: str | None
    batch_tokens: int | None


_ALSO = {"src_lang": "source_language", "tgt_lang": "target_language"}  # as the command line spells them


@dataclass(frozen=True)
class Preset:
    """A model, and how to align with it."""

    name: str
    checkpoint: Checkpoint
    input: InputShape = field(default_factory=InputShape)
    method: Method = field(default_factory=Method)
    about: About = field(default_factory=About)

    @classmethod
    def of(cls, name: str, place: str, /, **values: Any) -> Preset:
        """A preset from values of its parts, named as in `xalign.json`.

        >>> Preset.of("mine", "folder", layer=8, encode="pair").method.layer
        8

        Raises:
            OptionError: a value is wrong, or there is no such name.
        """
        checkpoint, *parts = split(values, Checkpoint, InputShape, Method, About)
        shape, method, about = parts
        return cls(
            name, Checkpoint(place=place, **checkpoint), InputShape(**shape), Method(**method), About(**about)
        )

    def changed(self, **values: Any) -> Preset:
        """This preset with other values, named as in `xalign.json`; OptionError as from `of`."""
        checkpoint, shape, method, about = split(values, Checkpoint, InputShape, Method, About)
        return replace(
            self,
            checkpoint=replace(self.checkpoint, **checkpoint),
            input=replace(self.input, **shape),
            method=self.method.changed(**method),
            about=replace(self.about, **about),
        )

    def with_options(self, options: Options) -> tuple[Preset, RunOptions]:
        """This preset with a user's options applied, and the options of the run."""
        given = {_ALSO.get(name, name): value for name, value in options.items() if value is not None}
        shape, method, run = split(given, InputShape, Method, RunOptions)
        return self.changed(**shape, **method), RunOptions(**run)

    def scores_as(self, other: Preset) -> bool:
        """Whether links get the scores that they get with the other; which of them are kept may differ."""
        meant = other.method
        method = replace(self.method, threshold=meant.threshold, punctuation=meant.punctuation)
        return method == meant and replace(self.input, window=other.input.window) == other.input

    def to_json(self) -> str:
        """The text of `xalign.json`: everything but the place, which is the folder that holds the file."""
        parts = (asdict(each) for each in (self.checkpoint, self.input, self.method, self.about))
        values = {"name": self.name} | {name: value for part in parts for name, value in part.items()}
        del values["place"]
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_file(cls, path: Path, place: str) -> Preset:
        """The preset in a file, of the checkpoint at `place`; ModelError names the file and the key that is wrong."""
        values = read_object(path)
        if "name" not in values:
            raise ModelError(f'{path}: expected an object with at least "name"')
        name = values.pop("name")
        if not isinstance(name, str):
            raise ModelError(f"{path}: name is {shortened(name)}: it must be a text")
        if "place" in values:
            raise ModelError(f"{path}: unknown key 'place'")
        try:
            return cls.of(name, place, **values)
        except OptionError as error:
            raise ModelError(f"{path}: {error}") from None

"""The name of a model -> its preset.

A model is named by a preset (`xlm-align`), by a preset with another checkpoint (`xlm-align=/data/xlm-align-base`), by a
folder, by a fairseq archive, or by the id of a checkpoint on the hub (`owner/name`, `owner/name@revision`). A folder
may contain its preset in `xalign.json`. So the bundled models, and those that `xalign train` writes, need no options.

Does not: load anything (encoders/families.py does), or import torch.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

from ..errors import ModelError, OptionError
from ..json_file import shortened
from ..options import did_you_mean
from . import hub
from .preset import PRESET_FILE, Family, Preset
from .published import ALSO_CALLED, FORMER_IDS, PRESETS

DEFAULT = "small"
# The models that come with the package, by name.
BUNDLED = {name: Path(__file__).parents[1] / "checkpoints" / name for name in (DEFAULT, "mini")}


def resolve(model: str) -> Preset:
    """The preset of a model's name. Reads at most one small file, from the hub if necessary, and loads nothing.

    >>> resolve("xlm-align").method.layer
    9
    >>> resolve("xlm-align=.").checkpoint.place
    '.'

    Raises:
        ModelError: there is no such model, or its `xalign.json` cannot be read.
    """
    if model in BUNDLED or model in PRESETS:
        return _named(model)
    name, place = _parts(model)
    if name:
        return _at(_named(name), place)
    path = _path(place)
    if path is not None and path.is_dir():
        return _from_folder(path)
    if path is not None and path.is_file():
        return Preset.of(path.name, str(path), family=Family.FAIRSEQ)
    return _named(model) if model in ALSO_CALLED else _from_hub_id(model)


def _parts(model: str) -> tuple[str, str]:
    """("xlm-align", "folder") of xlm-align=folder; ("", the whole name) of all others."""
    name, equals, place = model.partition("=")
    return (name, place) if equals and name in (*BUNDLED, *PRESETS, *ALSO_CALLED) else ("", model)


def _named(name: str) -> Preset:
    return _from_folder(BUNDLED[name]) if name in BUNDLED else PRESETS[ALSO_CALLED.get(name, name)]


def _path(text: str) -> Path | None:
    """The file or folder with this name; None if there is none, or the name cannot be a path."""
    try:
        path = Path(text).expanduser()
        return path if text and path.exists() else None
    except (OSError, RuntimeError, ValueError):  # too long; an unknown user after ~; a NUL
        return None


def _at(preset: Preset, place: str) -> Preset:
    """The preset with its checkpoint taken from a folder or a fairseq archive."""
    path = _path(place)
    if path is None:
        raise ModelError(f"{place!r}: no such folder or archive")
    family = Family.FAIRSEQ if holds_fairseq(path) else preset.checkpoint.family
    return replace(preset, checkpoint=replace(preset.checkpoint, place=str(path), family=family))


def _from_folder(path: Path) -> Preset:
    own = path / PRESET_FILE
    if own.is_file():
        return Preset.from_file(own, str(path))
    family = Family.FAIRSEQ if holds_fairseq(path) else Family.AUTO
    return Preset.of(path.resolve().name, str(path), family=family)


def holds_fairseq(path: Path) -> bool:
    """Whether it is a fairseq archive, or a folder with the content of one."""
    return path.is_file() or ((path / "model.pt").is_file() and not (path / "config.json").is_file())


def _from_hub_id(model: str) -> Preset:
    """The preset of a hub id: that of the table, or else that of the checkpoint's own `xalign.json`."""
    name, _, _ = model.partition("@")
    for preset in PRESETS.values():
        if name == preset.checkpoint.place or FORMER_IDS.get(name) == preset.name:
            return replace(preset, checkpoint=replace(preset.checkpoint, place=model))
    if not hub.is_id(model):
        raise ModelError(
            f"unknown model {shortened(model)}: no preset (`xalign models` lists them), no such folder or file, "
            f"and not a hub id of the form owner/name{did_you_mean(model, (*BUNDLED, *PRESETS, *ALSO_CALLED))}"
        )
    own = hub.file_of(model, PRESET_FILE)
    return Preset.from_file(own, model) if own is not None else Preset.of(model, model)


def is_cached(preset: Preset) -> bool:
    """Whether loading needs no download: a folder, an archive, or a complete checkpoint in the hub's cache."""
    place = preset.checkpoint.place
    return Path(place).exists() or hub.cached_folder(place) is not None


def verify(preset: Preset, folder: Path) -> dict[str, bool]:
    """file name -> whether its MD5 sum in `folder` is the published one; ModelError if none is published."""
    published = preset.checkpoint.checksums
    if not published:
        raise ModelError(f"{preset.name}: no published checksums to verify against")
    for name in published:
        if not (folder / name).is_file():
            raise ModelError(f"{folder / name}: missing; {preset.name} needs {', '.join(published)}")
    return {name: _md5(folder / name) == expected for name, expected in published.items()}


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def lasting_name(model: str | os.PathLike[str]) -> str:
    """The name, id or absolute path that loads the same model, whatever the working directory."""
    if not isinstance(model, str):
        return str(Path(name_of(model)).resolve())
    if model in BUNDLED or model in PRESETS:
        return model
    name, place = _parts(model)
    path = _path(place)
    if path is None:
        return model
    return f"{name}={path.resolve()}" if name else str(path.resolve())


def name_of(model: str | os.PathLike[str]) -> str:
    """The argument of `resolve`; a path object always means the path, even if it is the name of a preset too."""
    if isinstance(model, str):
        return model
    try:
        return os.path.join(os.curdir, model)  # noqa: PTH118
    except TypeError:
        raise OptionError(f"model is {model!r}: it must be a name, a folder or a hub id", "model") from None

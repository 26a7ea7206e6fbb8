"""Fixtures of all tests: tiny checkpoints, loaded or as folders, a cache of the hub, and the shared data."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import settings
from tiny_checkpoints import MAKERS

from xalign.aligner import Aligner
from xalign.encoders.aligning import AligningEncoder
from xalign.encoders.base import Encoder, WholeEncoder
from xalign.encoders.families import load_encoder
from xalign.models import resolve

# No deadline: how long a test takes on a busy machine says nothing about it.
settings.register_profile("xalign", deadline=None, max_examples=50)
settings.load_profile("xalign")

# The tests need no network; without this each unknown id waits for it.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

REPOSITORY = Path(__file__).resolve().parent.parent
Tiny = Callable[[str], Path]


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """`shared("reference/lilt-deen")`: a path beside the checkout, or a skipped test where there is none.

    Of what begins with data/, XALIGN_DATA may name the place, as it does for recipes.
    """
    root = Path(os.environ.get("XALIGN_SHARED", REPOSITORY.parent / "shared"))

    def path(name: str) -> Path:
        found = root / name
        if name.startswith("data/") and "XALIGN_DATA" in os.environ:
            found = Path(os.environ["XALIGN_DATA"], name.removeprefix("data/"))
        if not found.exists():
            pytest.skip(f"{found} is not here; set XALIGN_SHARED to the folder that holds {name}")
        return found

    return path


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """`tiny("xlm-roberta")`: the folder of a tiny checkpoint, made once per session. Names: see MAKERS.

    "preset" is an XLM-RoBERTa-XL checkpoint that carries its own preset, as `mini` does.
    """
    root = tmp_path_factory.mktemp("checkpoints")

    def folder(name: str) -> Path:
        path = root / name
        if not path.exists():
            path.mkdir()
            MAKERS[name](path)
        return path

    return folder


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """`hub_cache("owner/name", folder)`: as if it had been downloaded, in a cache of the test's own; gives the place.

    Without a folder there is the place alone.
    """
    cache = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))

    def downloaded(name: str, folder: Path | None, revision: str = "main", commit: str = "0123abc") -> Path:
        repository = cache / f"models--{name.replace('/', '--')}"
        snapshot = repository / "snapshots" / commit
        snapshot.mkdir(parents=True)
        if folder is not None:
            shutil.copytree(folder, snapshot, dirs_exist_ok=True)
        (repository / "refs").mkdir()
        (repository / "refs" / revision).write_text(commit, encoding="utf-8")
        return snapshot

    return downloaded


@pytest.fixture(scope="session")
def encoder(tiny: Tiny) -> Callable[..., WholeEncoder]:
    """`encoder("xmod", encode="pair")`: a tiny checkpoint, loaded with these values in its preset."""

    def load(name: str, **values: object) -> WholeEncoder:
        return load_encoder(resolve(str(tiny(name))).changed(**values))

    return load


@pytest.fixture(scope="session")
def packed(encoder: Callable[..., WholeEncoder]) -> Callable[..., Encoder]:
    """`packed("bert", highest=2, encode="pair")`: the same, laid out for aligning."""

    def load(name: str, highest: int | None = None, **values: object) -> Encoder:
        return AligningEncoder(encoder(name, **values), torch.device("cpu"), highest)

    return load


@pytest.fixture(scope="session")
def load(tiny: Tiny) -> Callable[..., Aligner]:
    """`load(layer=2)`: an aligner of the tiny checkpoint with a preset of its own; `load("bert", layer=3)` others."""
    made: dict[tuple[object, ...], Aligner] = {}

    def aligner(name: str = "preset", **options: Any) -> Aligner:
        key = (name, *sorted(options.items()))
        if key not in made:
            made[key] = Aligner.load(str(tiny(name)), device="cpu", dtype="float32", **options)
        return made[key]

    return aligner

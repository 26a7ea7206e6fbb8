"""The id of a checkpoint on the hub, `owner/name` or `owner/name@revision` -> a folder in the hub's cache.

From there on it is a folder like any other, and a folder can be uploaded to an id. A checkpoint in the cache is used
without asking the hub. huggingface_hub is imported only when there is an id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from ..errors import ModelError, first_line
from ..json_file import read_object

_ID = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?", re.ASCII)
_CONFIGS = ("config.json", "model.pt")  # transformers', fairseq's
# Files of weights, in order of preference; an index lists several files.
_WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "model.pt",
)
_INDEX = ".index.json"
_SMALL = ("*.json", "*.txt", "*.model", "*.spm", "*.codes", "*.tiktoken")
_TOKENIZERS = ("tokenizer.json", "vocab.*", "*.model", "*.spm", "*.codes", "*.tiktoken")
_SAMPLE = 1 << 20  # bytes of a file of weights, at its beginning, in its middle and at its end
_PATIENCE = 5  # seconds to wait for the hub to say whether it has a file


def is_id(text: str) -> bool:
    """Whether the text has the form of an id.

    >>> is_id("owner/name"), is_id("owner/name@v1"), is_id("../name"), is_id("name")
    (True, True, False, False)
    """
    return _ID.fullmatch(text) is not None and not text.startswith(".")


def checkpoint_folder(checkpoint: str, with_code: bool = False) -> Path:
    """An existing folder or archive, or the cache folder of a checkpoint on the hub, downloaded if necessary.

    Args:
        with_code: with the checkpoint's Python code, which is not downloaded otherwise.

    Raises:
        ModelError: neither exists, or the download fails.
    """
    if Path(checkpoint).exists():
        return Path(checkpoint)
    if not is_id(checkpoint):
        raise ModelError(f"{checkpoint}: no such folder or file, and not a hub id of the form owner/name")
    folder = cached_folder(checkpoint)
    if folder is None or (with_code and not any(folder.glob("*.py"))):
        return _download(checkpoint, with_code)
    return folder


def cached_folder(checkpoint: str) -> Path | None:
    """The folder of a hub id in the cache, if it holds config, weights and a tokenizer."""
    from huggingface_hub import try_to_load_from_cache

    name, revision = _parts(checkpoint)
    for config in _CONFIGS:
        found = try_to_load_from_cache(name, config, revision=revision)
        if isinstance(found, str) and _is_whole(Path(found).parent):
            return Path(found).parent
    return None


def file_of(checkpoint: str, file: str) -> Path | None:
    """One small file of a hub id; None if the repository has none of that name.

    If the file is not in the cache, the hub is asked, for the cached revision if there is one. If the hub does not
    answer, a cached checkpoint is assumed not to have the file.

    Raises:
        ModelError: nothing of the checkpoint is cached, and it cannot be downloaded.
    """
    from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    name, revision = _parts(checkpoint)
    known = try_to_load_from_cache(name, file, revision=revision)
    if known is not None:
        return Path(known) if isinstance(known, str) else None
    folder = cached_folder(checkpoint)
    if folder is not None and constants.HF_HUB_OFFLINE:
        return None
    try:
        with _downloading(checkpoint):
            try:
                revision = folder.name if folder is not None else revision
                return Path(hf_hub_download(name, file, revision=revision, etag_timeout=_PATIENCE))
            except LocalEntryNotFoundError:  # the hub does not answer
                raise
            except EntryNotFoundError:
                return None
    except ModelError:
        if folder is None:
            raise
        return None


def _parts(checkpoint: str) -> tuple[str, str | None]:
    match = _ID.fullmatch(checkpoint)
    if match is None:
        raise ModelError(f"{checkpoint}: not a hub id of the form owner/name")
    return match["id"], match["revision"]


def _is_whole(folder: Path) -> bool:
    return has_tokenizer(folder) and any(_has_weights(folder, name) for name in _WEIGHTS)


def has_tokenizer(folder: Path) -> bool:
    """Whether a folder holds the vocabulary of a tokenizer; without one transformers makes an empty tokenizer."""
    return any(any(folder.glob(pattern)) for pattern in _TOKENIZERS)


def _has_weights(folder: Path, name: str) -> bool:
    if not (folder / name).is_file():
        return False
    try:
        return not name.endswith(_INDEX) or all((folder / each).is_file() for each in _indexed(folder / name))
    except ModelError:
        return False


def _indexed(index: Path) -> list[str]:
    """The files of weights that an index lists."""
    files = read_object(index).get("weight_map")
    if not isinstance(files, dict) or not all(isinstance(each, str) for each in files.values()):
        raise ModelError(f"{index}: weight_map does not list the files of weights")
    return sorted(set(files.values()))


def _download(checkpoint: str, with_code: bool) -> Path:
    from huggingface_hub import hf_hub_download, snapshot_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    name, revision = _parts(checkpoint)
    small = [*_SMALL, "*.py"] if with_code else list(_SMALL)
    with _downloading(checkpoint):
        folder = Path(
            snapshot_download(name, revision=revision, allow_patterns=small, ignore_patterns=["*/*"])
        )
        for file in _WEIGHTS:
            try:
                found = Path(hf_hub_download(name, file, revision=folder.name))
            except LocalEntryNotFoundError:  # the hub does not answer
                raise
            except EntryNotFoundError:
                continue
            if file.endswith(_INDEX):
                for each in _indexed(found):
                    hf_hub_download(name, each, revision=folder.name)
            return folder
    raise ModelError(f"{checkpoint}: the repository has no weights: expected one of {', '.join(_WEIGHTS)}")


@contextmanager
def _downloading(checkpoint: str) -> Iterator[None]:
    """A ModelError for a failed download: what is missing, why, and what to type."""
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    name, revision = _parts(checkpoint)
    command = f"hf download {name}" + (f" --revision {revision}" if revision else "")
    elsewhere = f"{command} --local-dir FOLDER, and use FOLDER as the model (NAME=FOLDER for the preset NAME)"
    try:
        yield
    except (HfHubHTTPError, HFValidationError) as error:  # the hub has answered
        raise ModelError(f"{checkpoint}: the hub refuses it: {first_line(error)}") from error
    except (OSError, EOFError) as error:
        if constants.HF_HUB_OFFLINE:
            why = "HF_HUB_OFFLINE is set, so nothing is downloaded: unset it, or, on a machine with a network, run "
        else:
            why = f"{constants.ENDPOINT} cannot be reached: on a machine with a network, run "
        raise ModelError(
            f"{checkpoint}: not completely in the hub's cache {constants.HF_HUB_CACHE}, and {why}{elsewhere}"
        ) from error


def upload(folder: Path, checkpoint: str, private: bool | None = None, token: str | None = None) -> str:
    """Upload the files of a folder to a hub id, which is created if there is none; returns its address.

    Args:
        private: of a new repository; None leaves it to the settings of its owner.
        token: None takes that of `hf auth login`.

    Raises:
        ModelError: it cannot be uploaded.
    """
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    try:
        address = api.create_repo(checkpoint, private=private, exist_ok=True)
        api.upload_folder(repo_id=checkpoint, folder_path=folder, commit_message="Upload with xalign")
    except Exception as error:  # of the library, or of its client for HTTP, which changes between versions
        raise ModelError(f"{checkpoint}: cannot be uploaded: {first_line(error)}") from error
    return str(address)


def digest(checkpoint: Path) -> str:
    """A digest of a folder or an archive, by names, sizes and samples of the files: it changes with the weights."""
    digest = blake2b(digest_size=8)
    files = (
        [checkpoint]
        if checkpoint.is_file()
        else sorted(path for path in checkpoint.iterdir() if path.is_file())
    )
    for path in files:
        size = path.stat().st_size
        digest.update(f"{path.name} {size} ".encode())
        with path.open("rb") as file:
            for start in (0, size // 2, max(0, size - _SAMPLE)):
                file.seek(start)
                digest.update(file.read(_SAMPLE))
    return digest.hexdigest()

"""The device to compute on, the precision that suits it, and its kernels for attention."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from .errors import OptionError, first_line
from .options import expect_one_of

DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "int8": torch.int8,  # of linear layers; everything else is computed in the dtype that "auto" takes
}

T = TypeVar("T")
_IMPORTED_BY = os.getpid()


def use_one_thread_if_forked() -> None:
    """In a process that was forked from one with xalign in it, torch gets a single thread.

    OpenMP's threads do not survive a fork: a child process that uses several waits for them forever.
    """
    if os.getpid() != _IMPORTED_BY:
        torch.set_num_threads(1)


def choose_device(name: str = "auto") -> torch.device:
    """The device with this name; "auto" is a CUDA device if there is one, otherwise the processor.

    Raises:
        OptionError: this machine has no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
        if device.type == "meta":
            raise RuntimeError("it computes shapes alone")
    except (RuntimeError, AssertionError, ImportError, TypeError) as error:  # ImportError: a missing backend
        raise OptionError(
            f"device {name} cannot be used here ({first_line(error)}); use cpu, or auto", "device"
        ) from None
    return device


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """The dtype with this name; "auto" is bfloat16 on devices that are fast at it, float32 on others.

    Raises:
        OptionError: no such dtype, or the device has no fast products in it.
    """
    if name == "auto":
        return torch.bfloat16 if _has_fast_bfloat16(device) else torch.float32
    expect_one_of("dtype", name, ("auto", *DTYPES))
    if name == "int8" and not (device.type == "cpu" and _cpu_has("_is_vnni_supported")):
        raise OptionError("dtype int8 needs device cpu, and a processor with VNNI; use auto", "dtype")
    return DTYPES[name]


def moved(value: T, device: torch.device) -> T:
    """A tensor on `device`, or a dataclass or tuple with all of its tensors there; copies to a GPU are asynchronous."""
    found: Any = value
    if isinstance(value, Tensor):
        pinned = value.pin_memory() if value.is_cpu and device.type == "cuda" else value
        found = pinned.to(device, non_blocking=pinned is not value)
    elif isinstance(value, tuple):
        found = tuple(moved(each, device) for each in value)
    elif is_dataclass(value) and not isinstance(value, type):
        found = replace(
            value, **{each.name: moved(getattr(value, each.name), device) for each in fields(value)}
        )
    return found  # type: ignore[no-any-return]


def attention_kernels(device: torch.device) -> AbstractContextManager[None]:
    """On a GPU, attention by torch's own kernels. cuDNN's, the default on newer GPUs, plan anew for every shape.

    The choice holds for all threads while the context lasts.
    """
    if device.type != "cuda":
        return nullcontext()
    return sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH])


def _has_fast_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        return _cpu_has("_is_avx512_bf16_supported") or _cpu_has("_is_amx_tile_supported")
    return False


def _cpu_has(feature: str) -> bool:
    """These functions of torch are private, and older versions lack some of them."""
    ask = getattr(torch.cpu, feature, None)
    return ask is not None and bool(ask())

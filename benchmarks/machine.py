"""What a figure was measured on: hardware, versions, and how fast this device multiplies matrices."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import nn

from xalign.encoders.eightbit import ActivationRange, product

PACKAGES = (
    "xalign-words",
    "torch",
    "transformers",
    "tokenizers",
    "numpy",
    "simalign",
    "awesome-align",
    "eflomal",
)
SIZES = {"cpu": (1024, 2048), "cuda": (4096, 8192)}  # of square matrices
SECONDS = 1.0  # how long each product is repeated


def describe(device: torch.device) -> dict[str, Any]:
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load_before": os.getloadavg()[0],  # above 0 by much: the machine is busy, and the figures suffer
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "cuda": torch.version.cuda if device.type == "cuda" else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "commit": _commit(),
    }


def product_ceiling(device: torch.device, dtype: torch.dtype) -> float:
    """Floating-point operations per second of this device's best matrix product in this precision."""
    return max(_product_rate(size, device, dtype) for size in SIZES.get(device.type, SIZES["cpu"]))


def _product_rate(size: int, device: torch.device, dtype: torch.dtype) -> float:
    multiply = _eight_bit_product(size) if dtype == torch.int8 else _floating_product(size, device, dtype)
    for _ in range(3):
        multiply()
    _wait(device)
    started, products = perf_counter(), 0
    while perf_counter() - started < SECONDS:
        for _ in range(5):
            multiply()
        _wait(device)
        products += 5
    return 2.0 * size**3 * products / (perf_counter() - started)


def _floating_product(size: int, device: torch.device, dtype: torch.dtype) -> Callable[[], object]:
    left, right = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    return lambda: left @ right


def _eight_bit_product(size: int) -> Callable[[], object]:
    """With the rounding of its input."""
    rows = torch.randn(size, size)
    layer: Any = nn.Linear(size, size).requires_grad_(False)
    layer.activation_range = ActivationRange(rows.amin(0), rows.amax(0))
    multiply = product(layer)
    return lambda: multiply(rows)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit that was measured, with "+" where the tree had changes."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        commit = subprocess.check_output([*git, "rev-parse", "--short", "HEAD"], text=True).strip()
        changes = subprocess.check_output([*git, "status", "--porcelain", "-uno"], text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + "+" * bool(changes)

"""Which device computes, and in which precision."""

import pytest
import torch

from xalign.device import DTYPES, choose_device, choose_dtype
from xalign.errors import OptionError

CPU = torch.device("cpu")


def test_auto_takes_an_accelerator_only_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == choose_device() == CPU
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "empty", lambda *sizes, device: None)
    assert choose_device("auto") == torch.device("cuda")


@pytest.mark.parametrize("name", ["cuda:99", "warp", "", "cpu cuda", "hpu", "meta"])
def test_a_device_that_is_not_here_is_refused_in_one_line(name):
    with pytest.raises(OptionError, match=r"^device .*cannot be used here .*use cpu, or auto") as error:
        choose_device(name)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", DTYPES)
def test_a_dtype_is_named(monkeypatch, name):
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: True, raising=False)
    assert choose_dtype(name, CPU) == getattr(torch, name)


def test_an_unknown_dtype_is_refused():
    with pytest.raises(OptionError, match="choose one of auto, float32, bfloat16, float16, int8"):
        choose_dtype("float64", CPU)


@pytest.mark.parametrize(("device", "vnni"), [("cpu", False), ("mps", True)])
def test_int8_is_refused_where_it_is_not_fast(monkeypatch, device, vnni):
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: vnni, raising=False)
    with pytest.raises(OptionError, match="dtype int8 needs device cpu, and a processor with VNNI; use auto"):
        choose_dtype("int8", torch.device(device))


@pytest.mark.parametrize(
    ("avx512", "amx", "dtype"),
    [(False, False, torch.float32), (True, False, torch.bfloat16), (False, True, torch.bfloat16)],
)
def test_auto_takes_bfloat16_where_the_processor_multiplies_it(monkeypatch, avx512, amx, dtype):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    assert choose_dtype("auto", CPU) == dtype


def test_auto_is_float32_where_torch_cannot_say(monkeypatch):
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported", raising=False)
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported", raising=False)
    assert choose_dtype("auto", CPU) == torch.float32
    assert choose_dtype("auto", torch.device("mps")) == torch.float32


@pytest.mark.parametrize(("capability", "dtype"), [((7, 5), torch.float32), ((8, 0), torch.bfloat16)])
def test_auto_takes_bfloat16_on_gpus_from_ampere_on(monkeypatch, capability, dtype):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert choose_dtype("auto", torch.device("cuda")) == dtype

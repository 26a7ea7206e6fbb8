"""Text files with every suffix that is read and written."""

import bz2
import gzip
import lzma

import pytest
import zstandard

TEXT = "das Haus\n\nthe house\n"
COMPRESS = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}
every_suffix = pytest.mark.parametrize("suffix", COMPRESS)

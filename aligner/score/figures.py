"""Figures of matplotlib: fonts and style, and a figure -> the bytes of a file.

Each letter is drawn in the first of the installed fonts in FONTS that has it. Letters that join (Arabic) or combine
(Devanagari) need matplotlib 3.11.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING

from ..errors import DependencyError, OptionError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
FONTS = (
    "DejaVu Sans",
    *(
        f"Noto Sans{script}"
        for script in ("", " CJK SC", " CJK JP", " SC", " Arabic", " Hebrew", " Devanagari")
    ),
    *(
        f"Noto Sans {script}"
        for script in ("Bengali", "Tamil", "Telugu", "Thai", "Khmer", "Georgian", "Armenian")
    ),
    *("PingFang SC", "Hiragino Sans", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Arial Unicode MS"),
)

logger = logging.getLogger("xalign")


def expect_figure(name: PurePath | str) -> str:
    """The suffix of the name of a figure.

    Raises:
        OptionError: it is not one of SUFFIXES.
        DependencyError: matplotlib is not installed.
    """
    suffix = PurePath(name).suffix
    if suffix not in SUFFIXES:
        raise OptionError(f"{name}: the name of a figure must end in {', '.join(SUFFIXES)}")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise DependencyError(
            "plotting needs matplotlib, which is not installed: pip install matplotlib"
        ) from None
    return suffix


@contextmanager
def styled() -> Iterator[type[Figure]]:
    """matplotlib's class `Figure`. Draw and save figures within the context, which sets the fonts."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.font_manager import get_font_names

    installed = set(get_font_names())
    fonts = [name for name in FONTS if name in installed] or ["sans-serif"]
    with matplotlib.rc_context({"font.family": fonts, "svg.fonttype": "path", "svg.hashsalt": "xalign"}):
        yield Figure


def saved(figure: Figure, suffix: str) -> bytes:
    """The bytes of a file, the same in every run. The logger "xalign" warns about letters that no font has."""
    import matplotlib

    written = io.BytesIO()
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix)
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        figure.savefig(written, format=suffix[1:], metadata=metadata)
    missing = {
        name for each in raised for name in re.findall(r"Glyph \d+ \((.*?)\) missing", str(each.message))
    }
    if missing:
        logger.warning(
            "the figure has boxes in place of letters such as %s: no font that matplotlib knows has them; install one, "
            "such as Noto Sans, and empty the folder %s",
            min(missing),
            matplotlib.get_cachedir(),
        )
    return written.getvalue()


def plain(text: str) -> str:
    """The text with dollar signs escaped, which would begin a formula.

    >>> plain("$5")
    '\\\\$5'
    """
    return text.replace("$", r"\$")

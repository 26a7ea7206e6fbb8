"""Which words translate which.

    text -> sentence pairs -> subwords -> batches -> hidden states -> similarity -> subword links -> word links
"""

from xalign.version import VERSION as __version__

__all__ = ["__version__"]

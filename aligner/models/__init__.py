"""Models by name: which checkpoint a name means, and how to align with it.

names      a name -> its preset
preset     a checkpoint, the shape of its input, a method, and what is known about them
published  the table of presets
hub        an id on the Hugging Face hub <-> a folder

Nothing here imports torch.
"""

from .names import BUNDLED as BUNDLED
from .names import DEFAULT as DEFAULT
from .names import holds_fairseq as holds_fairseq
from .names import is_cached as is_cached
from .names import lasting_name as lasting_name
from .names import name_of as name_of
from .names import resolve as resolve
from .names import verify as verify

"""Training: text, with links or without, -> an encoder that aligns it."""

from importlib.util import find_spec

from ..errors import DependencyError

if find_spec("accelerate") is None:
    raise DependencyError("training needs accelerate, which is not installed: pip install accelerate")

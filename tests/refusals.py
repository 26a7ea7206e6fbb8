"""Checkpoints that are spoilt, and the line that refuses each."""

import json

import pytest

from xalign.encoders.families import load_encoder
from xalign.errors import ModelError
from xalign.models import resolve


def change(path, **values):
    """Set keys of a JSON file."""
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**content, **values}), encoding="utf-8")


def refusal(checkpoint):
    """The one line that says why a checkpoint is not loaded."""
    with pytest.raises(ModelError) as caught:
        load_encoder(resolve(str(checkpoint)))
    message = str(caught.value)
    assert "\n" not in message and len(message) < 600
    return message

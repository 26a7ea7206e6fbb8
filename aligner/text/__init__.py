"""Text -> sentence pairs, and what their words are."""

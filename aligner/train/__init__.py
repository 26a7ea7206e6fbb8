"""Training: text, with links or without, -> an encoder that aligns it."""

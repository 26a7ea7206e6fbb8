"""Teaching an encoder to align."""

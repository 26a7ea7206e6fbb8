"""One file per family of encoders, with what differs between families."""

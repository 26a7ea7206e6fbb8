"""What differs from one family of encoders to the next, a file each."""

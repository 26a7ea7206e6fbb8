"""Alignments and gold -> error rates, their intervals, and pictures of them."""

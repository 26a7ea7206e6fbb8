"""Several processes on one machine, with an aligner each.

pool      `AlignerPool`: sentence pairs -> alignments, in their order
worker    the main function of each process, and what it tells the process that started it
"""

from .pool import AlignerPool as AlignerPool

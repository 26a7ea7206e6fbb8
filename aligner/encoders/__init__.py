"""Batches of subword ids -> hidden states, whatever the model.

base            what every encoder answers
families        a preset -> its encoder: which of the files below reads the checkpoint
roberta bert xmod xlm generic     models of transformers, by its own classes (hooked: what these share)
prenorm postnorm                  the same hidden states in torch alone, as the bundled models need them
fairseq                           XLM-R as fairseq published it
aligning packed                   an encoder that only aligns, without padding on a CPU
eightbit activation_ranges        the same with linear layers in int8, and the ranges of their inputs
folder shape tokenizer_file backtracking     a checkpoint from a stranger, checked before it is loaded

Modules are imported when they are first used, since transformers takes seconds.
"""

"""Alignments to look at: a sentence pair with its links -> a grid in the terminal, a web page, a figure.

case        a pair, the links of one or several systems, the gold -> marks, each right, wrong, missing, ...
terminal    a case -> a coloured grid of text
web         cases -> one HTML file that needs no network (page/: its parts)
figure      a case -> a picture for a paper

The heat map in a notebook belongs to what it shows: explanation.py.
"""

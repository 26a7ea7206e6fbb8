"""Sentence pairs with their links -> grids in the terminal, a web page, a figure.

case        a pair, the links of one or several systems, gold -> marks, each of them right, wrong, missing, ...
terminal    a case -> a coloured grid of text
web         cases -> one HTML file that needs no network (page/: its parts)
figure      a case -> a picture for a paper

The heat map for notebooks is in explanation.py.
"""

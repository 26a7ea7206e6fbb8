"""Sentence pairs on a Ray cluster -> their links. Needs the extra: pip install 'xalign-words[ray]'.

ray_data   files -> a folder of parts; a data set -> the same with a column of links
cluster    a cluster -> how many aligners it has room for, and what each is given
job        a text in shards -> a file of links for each, by any number of processes and runs
shards     files -> one text, of which any lines can be read
parquet    rows of Parquet <-> sentence pairs and links

Ray and torch are imported when they are first used.
"""

from .ray_data import align_dataset as align_dataset
from .ray_data import align_files as align_files

"""Sentence pairs on a Ray cluster -> their links. Needs the extra: pip install 'xalign-words[ray]'.

ray_data   `align_files`: files -> a folder of links; `align_dataset`: a Ray data set -> with a column of links
cluster    connects to a cluster, and counts how many aligners fit into it
job        a text in shards -> a file of links per shard, written by any number of processes and runs
shards     files -> one text, of which any lines can be read
parquet    rows of Parquet files <-> sentence pairs and links

Ray and torch are imported when they are first used.
"""

from .ray_data import align_dataset as align_dataset
from .ray_data import align_files as align_files

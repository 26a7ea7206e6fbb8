"""Files <-> lines of text, on this machine or at addresses, compressed or not.

text_files    UTF-8 text, read and written as a stream; a file gets its name when it is complete
compression   .gz, .bz2, .xz, .zst
addresses     files at addresses such as s3://bucket/name
lock          only one process at a time writes a file
filling       errors while a model is written to a folder
"""

from .text_files import LONGEST_LINE as LONGEST_LINE
from .text_files import STANDARD as STANDARD
from .text_files import OnBroken as OnBroken
from .text_files import becoming as becoming
from .text_files import count_lines as count_lines
from .text_files import each_line as each_line
from .text_files import expect_outputs as expect_outputs
from .text_files import is_replaced as is_replaced
from .text_files import longer_name as longer_name
from .text_files import name_of as name_of
from .text_files import paragraphs as paragraphs
from .text_files import partial_name as partial_name
from .text_files import read_lines as read_lines
from .text_files import replacing as replacing
from .text_files import side_by_side as side_by_side
from .text_files import skip_long as skip_long
from .text_files import telling_failures as telling_failures
from .text_files import writing as writing

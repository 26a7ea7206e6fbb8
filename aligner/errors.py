"""What can go wrong, as types. Every message says where, what, and what to type next.

    XalignError
    ├── InputError         text to align: a file, its encoding, its fields
    │   └── LineError      one line of it; the lines after it can be aligned
    │       └── LongLine   a line beyond the limit
    ├── FormatError        a file of links, gold or annotation
    ├── OptionError        an option's value, or two options that do not go together
    │   ├── LayerError     a layer that the encoder does not have
    │   └── LanguageError  a language that is missing, unknown or ambiguous
    ├── ModelError         an unknown model, or a checkpoint that cannot be read
    ├── DependencyError    an optional library that is not installed
    ├── TrainingError      a training run that cannot go on
    └── WorkerError        one of several processes that align has ended

Only the command line turns them into printed lines and exit status 2.
"""


def reason_of(error: Exception) -> str:
    """What an error of the system says, without its number and the name of the file, to go on a sentence."""
    return (getattr(error, "strerror", None) or str(error)).lower()


def first_line(error: BaseException) -> str:
    """What an error says, in one line; the name of its type if it says nothing.

    A first line that ends with a colon announces the next one, which then belongs to it.

    >>> first_line(RuntimeError("2 errors:\\n  shapes differ\\n  sizes differ")), first_line(ValueError())
    ('2 errors: shapes differ', 'ValueError')
    """
    lines = [line.strip() for line in str(error).strip().splitlines()] or [type(error).__name__]
    return " ".join(lines[: 2 if lines[0].endswith(":") else 1])


class XalignError(Exception):
    """Anything that a user of xalign can fix; the text is written for that user.

    `options`: the names of options in the text, as Python spells them. The command line spells them with dashes.
    """

    def __init__(self, text: str, *options: str) -> None:
        super().__init__(text)
        self.options = options


class InputError(XalignError, ValueError):
    """Text to align cannot be read: names the file, the line and what was expected there."""


class LineError(InputError):
    """One line of a text cannot be read. `line`: its number in `file`, counted from 1. `reason`: what is wrong."""

    def __init__(self, file: str, line: int, reason: str, *options: str) -> None:
        super().__init__(f"{file} line {line}: {reason}", *options)
        self.file, self.line, self.reason = file, line, reason

    def __reduce__(self) -> tuple[object, ...]:
        """Its own arguments, from which `pickle` makes it anew."""
        return type(self), (self.file, self.line, self.reason, *self.options)


class LongLine(LineError):
    """A line has more bytes than the limit."""


class FormatError(XalignError, ValueError):
    """A file of links, gold or annotation cannot be read: names the file, the line and what was expected."""


class OptionError(XalignError, ValueError):
    """An option has a value out of range, or two options exclude each other."""


class LayerError(OptionError):
    """A layer that this encoder does not have: the text gives the range."""


class LanguageError(OptionError):
    """A language that is missing, unknown or ambiguous: the text names the valid codes."""


class ModelError(XalignError):
    """A model that is unknown, or a checkpoint that cannot be read."""


class DependencyError(XalignError, ImportError):
    """An optional library is missing: the text gives the command that installs it."""


class TrainingError(XalignError):
    """Training cannot start or go on: a broken corpus, a loss that is not a number."""


class WorkerError(XalignError):
    """One of several processes that align has ended or failed; the results before that are correct."""

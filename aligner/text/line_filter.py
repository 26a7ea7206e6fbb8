"""Text -> words with their places, by an external command such as a tokenizer.

The command reads lines of text, and writes for each a line of words with spaces between them. It is started once for
the whole text. It may buffer its input and output, as most programs do in a pipe, so lines are sent to it before the
words of earlier lines have arrived. Each word that it writes is then located in its line. A word may be escaped
(&quot;), in lower case, or marked with joiners, but nothing may be left out or added.
"""

from __future__ import annotations

import html
import os
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from queue import SimpleQueue
from threading import Condition, Thread

from ..errors import InputError, OptionError
from .sentences import SentencePair, Splits
from .tokenization import Span, Tokenized

# Lines that wait for the command, or for what it writes; more only if it needs them to go on.
AHEAD = 10_000
_JOINERS = ("￭", "￨", "@@")  # of OpenNMT's tokenizer, of subword-nmt
_TREEBANK = {"``": '"', "''": '"', "-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "@-@": "-"}


def whole(text: str) -> Tokenized:
    """A text as a single word, for `filtered` to split."""
    return Tokenized(text, [(0, len(text))] if text.strip() else [])


WHOLE: Splits = (whole, whole)


def commands_of(commands: Iterable[str], *languages: str | None) -> tuple[str, str]:
    """The commands for source and target, from one or two commands; `{lang}` is replaced by the language of the side.

    >>> commands_of(["tok -l {lang}"], "de", "en")
    ('tok -l de', 'tok -l en')

    Raises:
        OptionError: there are more than two commands, or one needs a language that is not given.
    """
    given = list(commands)
    if len(given) not in (1, 2):
        raise OptionError(
            f"{len(given)} commands make words: give one, or one for the source and one for the target"
        )
    source, target = (
        command.replace("{lang}", language or "{lang}")
        for command, language in zip((given[0], given[-1]), languages, strict=True)
    )
    if "{lang}" in source + target:
        raise OptionError("a command has {lang} in it: say source_language and target_language")
    return source, target


def filtered(pairs: Iterable[SentencePair], commands: tuple[str, str]) -> Iterator[SentencePair]:
    """The pairs, with every text that is `whole` split into words by the command of its side.

    Raises:
        InputError: a command ended early, or wrote something that is not in the text. Or what `pairs` raises.
    """
    running = _Running(commands)
    try:
        yield from running.filtered(pairs)
    finally:
        running.stop()


class _Running:
    """Both commands while they run. One thread sends lines to them, and one thread per command collects its output."""

    def __init__(self, commands: tuple[str, str]) -> None:
        self.filters = [_Filter(command) for command in commands]
        self.pairs: SimpleQueue[SentencePair | BaseException | None] = SimpleQueue()
        self.changed = Condition()
        self.waiting = 0  # pairs that were sent and whose words were not taken yet
        # The consumer waits for a command, which may need more input before it writes.
        self.is_starved = False
        self.is_stopped = False

    def filtered(self, pairs: Iterable[SentencePair]) -> Iterator[SentencePair]:
        Thread(target=self.feed, args=(iter(pairs),), name="xalign-filter", daemon=True).start()
        number = 0
        while True:
            pair = self.pairs.get()
            number += 1
            if isinstance(pair, BaseException):
                raise pair
            if pair is None:
                break
            source, target = (
                self.words(each, side, number)
                for each, side in zip(self.filters, (pair.source, pair.target), strict=True)
            )
            with self.changed:
                self.waiting -= 1
                self.changed.notify()
            yield SentencePair(source, target)
        for each in self.filters:
            if each.written.get() is not None:
                raise InputError(
                    f"{each.command!r} writes more lines than it reads: it must write one for each"
                )

    def feed(self, pairs: Iterator[SentencePair]) -> None:
        end: BaseException | None = None
        try:
            for pair in pairs:
                with self.changed:
                    self.changed.wait_for(lambda: self.waiting < AHEAD or self.is_starved or self.is_stopped)
                    if self.is_stopped:
                        return
                    self.waiting += 1
                for each, side in zip(self.filters, (pair.source, pair.target), strict=True):
                    if _is_whole(side):
                        each.read(side[0])
                self.pairs.put(pair)
        except BaseException as error:
            end = error
        self.pairs.put(end)
        for each in self.filters:
            each.end()

    def words(self, command: _Filter, side: tuple[str, ...], number: int) -> tuple[str, ...]:
        if not _is_whole(side):
            return side
        if command.written.empty():
            with self.changed:
                self.is_starved = True
                self.changed.notify()
        line = command.written.get()
        self.is_starved = False
        if line is None:
            status = command.process.wait()
            raise InputError(
                f"{command.command!r} ended before it wrote line {number} (exit status {status})"
            )
        try:
            return located(side[0], line)
        except InputError as error:
            raise InputError(f"line {number}: {command.command!r} {error}") from None

    def stop(self) -> None:
        with self.changed:
            self.is_stopped = True
            self.changed.notify()
        for each in self.filters:
            each.stop()


class _Filter:
    """One running command; `written` gets the lines that it writes, then None."""

    def __init__(self, command: str) -> None:
        self.command = command
        self.process = subprocess.Popen(
            command, shell=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self.written: SimpleQueue[str | None] = SimpleQueue()
        Thread(target=self.collect, name="xalign-filter", daemon=True).start()

    def read(self, text: str) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, which `words` will notice
            self.process.stdin.write(text.replace("\n", " ").encode() + b"\n")
            self.process.stdin.flush()

    def end(self) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()

    def collect(self) -> None:
        assert self.process.stdout is not None
        for raw in self.process.stdout:
            self.written.put(raw.decode(errors="replace").rstrip("\n"))
        self.written.put(None)

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()


def _is_whole(side: tuple[str, ...]) -> bool:
    return isinstance(side, Tokenized) and len(side) == 1 and side.spans[0] == (0, len(side.text))


def located(text: str, line: str) -> Tokenized:
    """The words of a line, with their places in the text that they come from.

    >>> located('He said "no".', "he said &quot; no &quot; .")
    ('He', 'said', '"', 'no', '"', '.')

    Raises:
        InputError: a word is not in the text, or a part of the text is in no word.
    """
    spans: list[Span] = []
    end = 0
    for word in line.split():
        start = _next_visible(text, end)
        for form in _forms(word):
            if form and text[start : start + len(form)].lower() == form.lower():
                end = start + len(form)
                spans.append((start, end))
                break
        else:
            if word not in _JOINERS:
                raise InputError(f"writes {word[:40]!r} where the text has {text[start : start + 40]!r}")
    if (rest := _next_visible(text, end)) < len(text):
        raise InputError(f"leaves out {text[rest : rest + 40]!r}")
    return Tokenized(text, spans)


def _forms(word: str) -> Iterator[str]:
    """The texts that a tokenizer may have written as this word."""
    yield word
    yield html.unescape(word)
    yield _TREEBANK.get(word, "")
    for joiner in _JOINERS:
        if joiner in word:
            yield word.replace(joiner, "")


def _next_visible(text: str, at: int) -> int:
    while at < len(text) and (text[at].isspace() or not text[at].isprintable()):
        at += 1
    return at

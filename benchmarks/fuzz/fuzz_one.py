"""One target of fuzz.py.

    fuzz_one.py TARGET CORPUS [OPTION OF LIBFUZZER]...
    fuzz_one.py TARGET --repeated CORPUS FINDINGS

Code is instrumented where libFuzzer runs it, and not where time is measured.
"""

from __future__ import annotations

import faulthandler
import resource
import sys
import tempfile
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import atheris

REPEATED = "--repeated"


def instrumenting() -> AbstractContextManager[object]:
    return nullcontext() if REPEATED in sys.argv else atheris.instrument_imports(include=["xalign"])


with instrumenting():
    from fuzz_targets import TARGETS, Parser, Target

    from xalign.errors import XalignError

LENGTH, SECONDS, MEGABYTES, HANGS = 100_000, 2, 256, 1200


def run() -> None:
    name, *arguments = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        parse = keeping_the_promise(find(name).parser(Path(folder)))
        if arguments[0] == REPEATED:
            repeat(parse, *map(Path, arguments[1:]))
        else:
            atheris.Setup([sys.argv[0], *arguments], parse)
            atheris.Fuzz()


def find(name: str) -> Target:
    if name in TARGETS:
        return TARGETS[name]
    with instrumenting():
        from fuzz_checkpoints import CHECKPOINT_TARGETS
    return CHECKPOINT_TARGETS[name]


def keeping_the_promise(parse: Parser) -> Parser:
    def parse_or_refuse(content: bytes) -> None:
        try:
            parse(content)
        except XalignError as error:
            str(error).encode(errors="backslashreplace")

    return parse_or_refuse


def repeat(parse: Parser, corpus: Path, findings: Path) -> None:
    """Each input of the corpus, repeated up to `LENGTH` bytes; a finding takes three times as long as half of it."""
    parse(b"")  # what is imported on the way is not measured
    for each in sorted(corpus.iterdir()):
        content = each.read_bytes()[:64] or b" "
        content *= LENGTH // len(content)
        place = findings / f"repeated-{each.name}"
        place.write_bytes(content)
        memory = most_memory()
        faulthandler.dump_traceback_later(HANGS, exit=True)
        try:
            seconds = timed(parse, content)
            is_slow = seconds > SECONDS and seconds > 3 * timed(parse, content[: LENGTH // 2])
        except Exception as error:
            print(f"{place}: {error!r}", flush=True)
            continue
        faulthandler.cancel_dump_traceback_later()
        more = most_memory() - memory
        if is_slow or more > MEGABYTES:
            print(f"{place}: {seconds:.1f} s of CPU time, {more} MB", flush=True)
        else:
            place.unlink()


def timed(parse: Parser, content: bytes) -> float:
    """Seconds of CPU time."""
    before = time.process_time()
    parse(content)
    return time.process_time() - before


def most_memory() -> int:
    """Megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


if __name__ == "__main__":
    run()

"""One target of fuzz.py.

fuzz_one.py TARGET CORPUS [OPTION OF LIBFUZZER]...
fuzz_one.py TARGET --repeated CORPUS FINDINGS
"""

from __future__ import annotations

import faulthandler
import resource
import sys
import tempfile
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["xalign"]):
    from fuzz_targets import TARGETS, Parser, Target

from xalign.errors import XalignError

LENGTH, SECONDS, MEGABYTES = 100_000, 1, 256


def run() -> None:
    name, *arguments = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        parse = keeping_the_promise(find(name).parser(Path(folder)))
        if arguments[0] == "--repeated":
            repeat(parse, *map(Path, arguments[1:]))
        else:
            atheris.Setup([sys.argv[0], *arguments], parse)
            atheris.Fuzz()


def find(name: str) -> Target:
    if name in TARGETS:
        return TARGETS[name]
    with atheris.instrument_imports(include=["xalign"]):
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
    """Each input of the corpus, repeated up to `LENGTH` bytes."""
    for each in sorted(corpus.iterdir()):
        content = each.read_bytes()[:64] or b" "
        content *= LENGTH // len(content)
        before, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        place = findings / f"repeated-{each.name}"
        place.write_bytes(content)
        faulthandler.dump_traceback_later(600 * SECONDS, exit=True)
        try:
            parse(content)
        except Exception as error:
            print(f"{place}: {error!r}", flush=True)
            continue
        faulthandler.cancel_dump_traceback_later()
        seconds = time.process_time() - before
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) >> 10
        if seconds < SECONDS and more < MEGABYTES:
            place.unlink()
        else:
            print(f"{place}: {seconds:.1f} s of CPU time, {more} MB", flush=True)


if __name__ == "__main__":
    run()

"""What do word aligners make of text that is not as it should be?

    pip install . eflomal simalign==0.4 awesome-align==0.1.7
    python recipes/small/convert.py --out runs/small/encoder
    python benchmarks/bad_inputs.py --encoder runs/small/encoder --folder runs/bad

Each input is a small text with one fault, written into the folder. Each aligner that is installed reads it in a process
of its own, forked once the model is loaded, with a limit of CPU time and memory. SimAlign and awesome-align get the
encoder that `small` was made from. SimAlign takes strings and reads no files; awesome-align reads "source ||| target"
alone. What comes out is judged by itself:

    fine      a line of output for each line of input, as it should be
    error     the aligner ends, and says in words what is wrong
    said      a line has no links, or part of them, and a message says so
    CRASH     a traceback without a message before it, or the process died
    LINES     fewer or more lines than pairs, without a word
    INDEX     a link to a word that the sentence does not have: words are what spaces and tabs separate
    LOSS      a line, or the end of a long one, has no links, without a word
    OTHER     lines have other links than without the fault (not judged for eflomal, which learns from all lines)
    -         the aligner does not read this kind of input

POSIX only.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import resource
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from faulty_texts import CLEAN, PAIRS, Case, Files, cases, write

SECONDS, MEMORY = 120, 12 << 30  # CPU time and addresses of a run

Links = list[tuple[int, int]]


@dataclass
class Run:
    """What a process left: its status, what it said, and its lines of links, None where there is no file."""

    status: int
    said: str
    links: list[Links] | None = field(default=None)


@dataclass(frozen=True)
class System:
    """An aligner: its package, the forms of input that it reads, and what loads it."""

    name: str
    package: str
    forms: frozenset[str]
    load: Callable[[Path], Callable[[Files, str], None]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", type=Path, help="for SimAlign and awesome-align")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=[system.name for system in SYSTEMS], metavar="ALIGNER")
    options = parser.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    columns: dict[str, dict[str, str]] = {}
    for system in SYSTEMS:
        if system.name not in options.only or not (number := installed(system.package)):
            continue
        if system.name in ("SimAlign", "awesome-align") and options.encoder is None:
            continue
        columns[f"{system.name} {number}"] = verdicts(system, options.encoder, options.folder / system.name)
    print(f"| input | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for case in cases():
        cells = [case.name.replace("|", r"\|"), *(column.get(case.name, "?") for column in columns.values())]
        print(f"| {' | '.join(cells)} |")


def installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


# --- the aligners -------------------------------------------------------------------------------------------


def load_xalign(_: Path) -> Callable[[Files, str], None]:
    import torch

    from xalign.aligner import Aligner
    from xalign.cli import main as command

    torch.set_num_threads(1)  # threads do not survive a fork
    aligner = Aligner.load("small", dtype="float32", all_layers=False)
    Aligner.load = lambda **_: aligner  # type: ignore[method-assign]

    def align(files: Files, form: str) -> None:
        text = [files.joined] if form in ("joined", "unseparated") else [files.source, files.target]
        sys.argv = ["xalign", "align", *map(str, text), "-q", "-o", str(files.links)]
        command()

    return align


def load_simalign(encoder: Path) -> Callable[[Files, str], None]:
    import other_aligners
    import torch

    torch.set_num_threads(1)
    aligner = other_aligners.simalign(encoder, "a", layer=7)

    def align(files: Files, form: str) -> None:
        texts = [path.read_bytes().decode("utf-8", "surrogatepass") for path in (files.source, files.target)]
        with files.links.open("w", encoding="utf-8") as links:
            for pair in zip(*(text.split("\n")[:-1] for text in texts), strict=True):
                found = aligner.get_word_aligns(*pair)["inter"]
                links.write(" ".join(f"{i}-{j}" for i, j in found) + "\n")

    return align


def load_awesome_align(encoder: Path) -> Callable[[Files, str], None]:
    import other_aligners
    import torch

    torch.set_num_threads(1)
    aligner = other_aligners.awesome_align(encoder, layer=7, threshold=0.5)
    return lambda files, _: aligner(files.joined, files.links)


def load_eflomal(_: Path) -> Callable[[Files, str], None]:
    """Its two directions; the one from the source is judged."""
    from eflomal import Aligner, sentences_from_joint_file

    def align(files: Files, form: str) -> None:
        if form in ("joined", "unseparated"):
            with files.joined.open(encoding="utf-8") as one, files.joined.open(encoding="utf-8") as two:
                texts = (sentences_from_joint_file(one, 0), sentences_from_joint_file(two, 1))
                Aligner().align(*texts, links_filename_fwd=str(files.links))
            return
        with files.source.open(encoding="utf-8") as source, files.target.open(encoding="utf-8") as target:
            Aligner().align(source, target, links_filename_fwd=str(files.links))

    return align


SYSTEMS = (
    System(
        "xalign",
        "xalign-words",
        frozenset(("lines", "files", "joined", "unseparated", "gz")),
        load_xalign,
    ),
    System("SimAlign", "simalign", frozenset(("lines",)), load_simalign),
    System(
        "awesome-align",
        "awesome-align",
        frozenset(("lines", "files", "joined", "unseparated")),
        load_awesome_align,
    ),
    System("eflomal", "eflomal", frozenset(("lines", "files", "joined", "unseparated")), load_eflomal),
)


# --- running and judging ------------------------------------------------------------------------------------


def verdicts(system: System, encoder: Path, folder: Path) -> dict[str, str]:
    """By the name of the input. The aligner is loaded here: the processes that align are forks of this one."""
    align = system.load(encoder)
    found: dict[str, str] = {}
    reference: list[Links] | None = None
    for number, case in enumerate(cases()):
        if case.form not in system.forms or (
            system.name == "awesome-align" and len(case.source) != len(case.target)
        ):
            found[case.name] = "-"
            continue
        files = write(case, folder / f"{number:02}")
        run = forked(align, files, case)
        found[case.name] = judged(case, run, None if system.name == "eflomal" else reference)
        if case.name == CLEAN:
            reference = run.links
        print(
            f"{system.name}, {case.name}: {found[case.name]}: {last_line(run.said)}",
            file=sys.stderr,
            flush=True,
        )
    return found


def forked(align: Callable[[Files, str], None], files: Files, case: Case) -> Run:
    said = files.links.with_name("said")
    process = os.fork()
    if not process:
        status = 1
        try:
            with said.open("wb") as output:
                for stream in (1, 2):
                    os.dup2(output.fileno(), stream)
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            align(files, case.form)
            status = 0
        except SystemExit as ended:
            status = int(ended.code or 0)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    links = read_links(files.links) if files.links.exists() else None
    return Run(status, said.read_text(encoding="utf-8", errors="replace"), links)


def read_links(path: Path) -> list[Links]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [
        [(int(i), int(j)) for i, _, j in (link.partition("-") for link in line.split())] for line in lines
    ]


def judged(case: Case, run: Run, reference: Sequence[Links] | None) -> str:
    if run.status:
        message, traceback_begins, _ = run.said.partition("Traceback (most recent call")
        is_explained = not traceback_begins or re.search(r"\bline|\bdiffer\b", message)
        return "error" if run.status > 0 and is_explained else "CRASH"
    pairs = list(zip(case.source, case.target, strict=False))
    if run.links is None or len(run.links) != max(len(case.source), len(case.target)):
        return "LINES"
    sizes = [tuple(len(words(side)) for side in pair) for pair in pairs]
    for links, (source, target) in zip(run.links, sizes, strict=True):
        if any(i >= source or j >= target for i, j in links):
            return "INDEX"
    fault = {case.place} if len(case.source) > PAIRS else set()
    others = [links for number, links in enumerate(run.links) if number not in fault]
    if reference is not None and others != list(reference):
        return "OTHER"
    if case.expected == "empty":
        return "fine" if not run.links[case.place] else "INDEX"
    if case.expected == "error":
        return "said" if re.search(r"\bline\b", run.said, re.IGNORECASE) else "LOSS"
    source, _ = sizes[case.place]
    if any(i >= source - max(1, source // 10) for i, _ in run.links[case.place]):
        return "fine"
    return "said" if re.search(r"\bline\b", run.said, re.IGNORECASE) else "LOSS"


def words(sentence: bytes) -> list[bytes]:
    return re.findall(rb"[^ \t\r]+", sentence)


def last_line(said: str) -> str:
    lines: Iterable[str] = (line.strip() for line in re.split(r"[\n\r]", said))
    return next((line[:160] for line in reversed(list(lines)) if line), "")


if __name__ == "__main__":
    logging.disable(logging.NOTSET)
    main()

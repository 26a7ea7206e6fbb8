"""In place of `python` and `xalign` while a recipe runs: notes the command, and makes what the next steps read."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

LINE = {"links": "0-0\n"}


def main(arguments: list[str]) -> None:
    with Path(os.environ["NOTED"]).open("a", encoding="utf-8") as noted:
        noted.write(json.dumps(arguments) + "\n")
    script = Path(arguments[1]).name if arguments[0] == "python" else arguments[1]
    out, text = (Path(value_of(f"--{name}", arguments)) for name in ("out", "text"))
    match script:
        case "text.py":
            for pair in pairs_of(arguments):
                for language in pair.split("-"):
                    write(out / f"{pair}.{language}")
        case "links.py":
            for pair in {each.stem for each in text.glob("??-??.??")}:
                write(text / f"{pair}.links")
        case "vary.py" | "relabel.py":
            out.mkdir(parents=True, exist_ok=True)
            for each in text.glob("??-??.*"):
                shutil.copy(each, out)
                if script == "relabel.py":
                    write(out / f"{each.stem}.links")
        case "gold.py":
            for name in ("kftt.en", "kftt.ja", "kftt.links", "alibi.fr", "alibi.en", "alibi.links"):
                write(out / "text" / name)
        case "convert.py":
            write(out / "config.json")
        case "start.py" | "bundle.py" | "train" if "--out" in arguments:
            write(out / "xalign.json")


def pairs_of(arguments: list[str]) -> list[str]:
    if "--pairs" in arguments:
        return arguments[arguments.index("--pairs") + 1 :]
    return ["en-de", "en-zh", "ru-uk"]


def value_of(option: str, arguments: list[str]) -> str:
    return arguments[arguments.index(option) + 1] if option in arguments else os.devnull


def write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(LINE.get(path.suffix[1:], "a\n"), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Acclaim files as numbered lines of words, without comments, and the numbers among the words."""

import codecs
import math
import os
import re
from pathlib import Path

__all__ = ["MEND", "numbers_of", "words_of"]

MEND = "the file is incomplete or altered: fetch it again"

File = str | os.PathLike
Lines = list[tuple[int, list[str]]]

# Not after a point: some programs write "1.#QNAN" for what is not a number.
_COMMENT = re.compile(r"(?<!\.)#[^\r\n]*")
_SPACE = str.maketrans(",()", "   ")


def words_of(path: str | os.PathLike) -> Lines:
    """Numbered lines as words. Commas and parentheses are space, # begins a comment.

    Encodings: UTF-8, with a byte order mark or without, UTF-16 with one, or else Latin-1.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not text, or has no words.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    # Not splitlines(): among its ends of lines is a byte that is "…" on Windows.
    lines = re.split(r"\r\n?|\n", _COMMENT.sub("", _decode(path)).translate(_SPACE))
    found = [(n, words) for n, line in enumerate(lines, start=1) if (words := line.split())]
    if not found:
        raise ValueError(f"{path}: empty; {MEND}")
    return found


def numbers_of(path: str | os.PathLike, line: int, words: list[str], count: int) -> list[float]:
    """``count`` finite numbers. Only digits make a number: "4_0" is none.

    Raises:
        ValueError: if they are fewer or more, or one is not a finite number.
    """
    try:
        if "_" in (text := "".join(words)) or not text.isascii():
            raise ValueError
        values = [float(word) for word in words]
    except ValueError:
        raise ValueError(f"{path}, line {line}: {words} are not numbers; {MEND}") from None
    if len(values) != count:
        raise ValueError(f"{path}, line {line}: {len(values)} values where {count} are due; {MEND}")
    if not all(map(math.isfinite, values)):
        raise ValueError(f"{path}, line {line}: {words} are not finite; {MEND}")
    return values


def _decode(path: Path) -> str:
    content = path.read_bytes()
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not utf16 and b"\0" in content:
        raise ValueError(f"{path}: not a text file (byte {content.index(0)} is 0); {MEND}")
    try:
        return content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")

"""A chapter's text as ordinary Markdown, which JupyterLab, VS Code and Colab render.

The pages are written in MyST; elsewhere a theorem or a reference of it is shown as it is typed.
Here theorems, notes and margins become quotations with a bold head, folded boxes ``<details>``,
numbered equations get their numbers and references the words that the page has for them
(:mod:`tools.site.references`).
"""

import re
from typing import NamedTuple

__all__ = ["Told", "cited", "ordinary"]

_FENCE = re.compile(r"(?P<marks>:{3,}|`{3,})\{(?P<name>[\w:-]+)\}[ \t]*(?P<title>.*)$")
_CODE = re.compile(r"(?P<marks>`{3,}|~{3,})(?!\{)")
_OPTION = re.compile(r":(?P<name>[\w-]+):[ \t]*(?P<value>.*)$")
_ROLE = re.compile(r"\{(?P<name>[a-z]+(?::[a-z]+)?)\}`(?P<text>[^`]+)`")
_ROLE_OR_CODE = re.compile(
    rf"{_ROLE.pattern}|(?P<marks>`+)(?!`).+?(?<!`)(?P=marks)(?!`)", re.DOTALL
)
_TITLED = re.compile(r"(?P<title>.+?)\s*<(?P<target>[^<>]+)>$", re.DOTALL)
_LABELLED = re.compile(r"\$\$[ \t]*\((?P<label>[\w:-]+)\)[ \t]*$")
_DOMAINS = {"doc": "std:doc", "numref": "std:numref", "ref": "std:ref", "term": "std:term"}
_DOMAINS |= {"eq": "math:eq", "cite": "cite:p"}


class Told(NamedTuple):
    """What Sphinx told of a chapter: see :mod:`tools.site.references`."""

    roles: dict[str, str]
    figures: dict[str, str]
    theorems: dict[str, str]
    equations: dict[str, str]


def ordinary(text: str, told: Told) -> str:
    """A cell's MyST as Markdown.

    Raises:
        ValueError: if a role, a theorem or an equation is not among what was told.
    """
    return "\n".join(_blocks(text.splitlines(), told))


def cited(text: str) -> list[str]:
    """The keys of the bibliography that a text cites."""
    roles = (role for role in _ROLE.finditer(text) if role["name"].partition(":")[0] == "cite")
    return [key.strip() for role in roles for key in role["text"].split(",")]


def _blocks(lines: list[str], told: Told) -> list[str]:
    found: list[str] = []
    i = 0
    while i < len(lines):
        line = lines[i]
        if fence := _FENCE.match(line):
            end = _end(lines, i, fence["marks"])
            found += _directive(fence["name"], fence["title"], lines[i + 1 : end], told)
            i = end + 1
        elif code := _CODE.match(line):
            end = _end(lines, i, code["marks"])
            found += lines[i : end + 1]
            i = end + 1
        elif line.lstrip().startswith("$$"):
            end = i
            if line.count("$$") < 2:  # it goes on to the next pair of signs
                end = next(j for j in range(i + 1, len(lines)) if "$$" in lines[j])
            found += _formula(lines[i : end + 1], told)
            i = end + 1
        elif re.match(r"(?:\([\w:-]+\)=|%.*)$", line):  # a place to refer to; a comment
            i += 1
        else:  # roles may break over lines
            end = i + 1
            while end < len(lines) and not _starts_a_block(lines[end]):
                end += 1
            found += _roles("\n".join(lines[i:end]), told).split("\n")
            i = end
    return found


def _starts_a_block(line: str) -> bool:
    return bool(
        _FENCE.match(line)
        or _CODE.match(line)
        or line.lstrip().startswith("$$")
        or re.match(r"(?:\([\w:-]+\)=|%.*)$", line)
    )


def _end(lines: list[str], start: int, marks: str) -> int:
    for i in range(start + 1, len(lines)):
        if lines[i].rstrip() == marks:
            return i
    raise ValueError(f"{lines[start]!r} has no end")


def _formula(lines: list[str], told: Told) -> list[str]:
    labelled = _LABELLED.search(lines[-1])
    if not labelled:
        return lines
    number = _known(told.equations, labelled["label"])
    return [*lines[:-1], lines[-1][: labelled.start()] + rf"\tag{{{number}}}$$"]


def _known(numbers: dict[str, str], label: str) -> str:
    if label not in numbers:
        raise ValueError(f"nothing was told of {label!r}")
    return numbers[label]


def _roles(text: str, told: Told) -> str:
    def become(role: re.Match) -> str:
        if role["marks"]:  # code, which stays
            return role[0]
        kind, words = role["name"], " ".join(role["text"].split())
        if titled := _TITLED.match(words):
            title, target = titled["title"], titled["target"]
            return f"[{title}]({target}.ipynb)" if kind == "doc" else title
        key = f"{_DOMAINS.get(kind, kind)} {words}"
        return _known(told.roles, key)

    return _ROLE_OR_CODE.sub(become, text)


def _directive(name: str, title: str, lines: list[str], told: Told) -> list[str]:
    options = {}
    while lines and (option := _OPTION.match(lines[0])):
        options[option["name"]] = option["value"]
        lines = lines[1:]
    while lines and not lines[0].strip():
        lines = lines[1:]
    title = _roles(title, told)
    inside = _blocks(lines, told)
    if "dropdown" in options.get("class", "").split() or name == "dropdown":
        summary = f"<summary>{_plain(title)}</summary>"
        return ["", "<details>", summary, "", *inside, "", "</details>", ""]
    kind = name.partition(":")[2]
    if kind == "proof":
        return ["", f"**Proof{f' ({title})' if title else ''}.**", "", *_ended(inside), ""]
    if kind:
        number = _known(told.theorems, options["label"])
        head = f"**{kind.capitalize()} {number}**" + (f" ({title})" if title else "")
        return ["", *_quoted([head, "", *inside]), ""]
    heads = {"admonition": title, "margin": title or "Aside"}
    head = heads.get(name, name.capitalize())
    return ["", *_quoted([f"**{head}**", "", *inside]), ""]


def _ended(lines: list[str]) -> list[str]:
    """A proof with its end marked, on its last line unless that is a formula or a list."""
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    if lines and re.search(r"[.:)]$", lines[-1]) and not re.match(r"\s|[-*>|\d]", lines[-1]):
        return [*lines[:-1], f"{lines[-1]} ∎"]
    return [*lines, "", "∎"]


def _plain(title: str) -> str:
    """A title inside HTML, where Markdown is not read."""
    return re.sub(r"\*+([^*]+)\*+", r"\1", title)


def _quoted(lines: list[str]) -> list[str]:
    """As a quotation. A display formula takes one line there: its marks would be read as signs."""
    found: list[str] = []
    formula: list[str] = []
    for line in lines:
        inside = bool(formula)
        if inside or (line.lstrip().startswith("$$") and line.count("$$") < 2):
            formula.append(line.strip())
            if inside and "$$" in line:
                found.append("> " + " ".join(formula))
                formula = []
            continue
        found.append(f"> {line}".rstrip())
    return found

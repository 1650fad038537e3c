"""A chapter's claims: exact ones hold always, typical ones in most of many runs."""

import json
import os
from html import escape
from typing import NamedTuple

import pandas as pd

from .studies import is_current, study_file

__all__ = ["Claim", "Claims"]

_MARKS = {True: "✓", False: "✗ not in this run"}


class Claim(NamedTuple):
    """A sentence, and whether it holds here.

    Example:
        >>> vhp.book.Claim("exact", "The bound rises with K.", True).holds
        True
    """

    kind: str
    """"exact" or "typical"."""
    sentence: str
    holds: bool


class Claims:
    """What a chapter claims, each a sentence with its check; shown as the table that ends it.

    *Exact* claims are identities, closed forms, bounds with their stated error, and what a
    committed table says: they hold on every machine and for every seed, and the build fails if one
    does not. *Typical* claims are about training runs. One that fails here is marked, and the build
    goes on; the committed table ``studies/claims.csv`` says in how many runs over seeds and
    numerical profiles it held.

    Args:
        chapter: the chapter's name, such as "01_vae_and_its_prior".
        budget: the chapter's own; at "smoke" the numbers mean nothing and no claim is judged.

    Example:
        >>> claims = vhp.book.Claims("some_chapter", "full")
        >>> claims.exact("Two and two are four.", 2 + 2 == 4)
        >>> claims.typical("The run met its constraint.", 0.99 <= 1)
        >>> claims.judge()
        2 claims hold
        >>> [claim.kind for claim in claims.made]
        ['exact', 'typical']
    """

    def __init__(self, chapter: str, budget: str):
        self.chapter, self.judged = chapter, budget == "full"
        self.made: list[Claim] = []

    def exact(self, sentence: str, holds: bool) -> None:
        """Claim what holds on every machine and for every seed.

        Raises:
            ValueError: if the sentence stands there already.
        """
        self._add("exact", sentence, holds)

    def typical(self, sentence: str, holds: bool) -> None:
        """Claim what holds in at least nine of ten training runs. Raises as :meth:`exact`."""
        self._add("typical", sentence, holds)

    def _add(self, kind: str, sentence: str, holds: bool) -> None:
        if any(claim.sentence == sentence for claim in self.made):
            raise ValueError(f"claimed twice: {sentence}")
        self.made.append(Claim(kind, sentence, bool(holds)))

    def judge(self) -> "Claims":
        """Refuse exact claims that fail, and tell the build of all; the table shows as HTML.

        The claims are written, a line each, to the file that $VHP_CLAIMS names.

        Raises:
            AssertionError: if an exact claim does not hold; each is named.
        """
        if not self.judged:
            return self
        if place := os.environ.get("VHP_CLAIMS"):
            with open(place, "a", encoding="utf-8") as file:
                for claim in self.made:
                    file.write(json.dumps(claim._asdict(), ensure_ascii=False) + "\n")
        if failed := [claim.sentence for claim in self._of("exact") if not claim.holds]:
            raise AssertionError("claims that are exact do not hold: " + " · ".join(failed))
        return self

    def _of(self, kind: str) -> list[Claim]:
        return [claim for claim in self.made if claim.kind == kind]

    def __repr__(self) -> str:
        if not self.judged:
            return "claims are judged at full budget"
        hold = sum(claim.holds for claim in self.made)
        return f"{hold}{'' if hold == len(self.made) else f' of {len(self.made)}'} claims hold"

    def _repr_html_(self) -> str:
        if not self.judged:
            return f"<p>{self!r}.</p>"
        counted, told = _counted(self.chapter)
        heads = ["Claim about training runs", "Here", *(["Held in"] if counted else [])]
        rows = [
            [
                escape(claim.sentence),
                _MARKS[claim.holds],
                *([counted.get(claim.sentence, "not counted yet")] if counted else []),
            ]
            for claim in self._of("typical")
        ]
        typical = (
            f'<table class="dataframe claims"><thead>{_row("th", heads)}</thead>'
            f"<tbody>{''.join(_row('td', row) for row in rows)}</tbody></table>{told}"
        )
        exact = self._of("exact")
        listed = "".join(f"<li>{escape(claim.sentence)}</li>" for claim in exact)
        always = (
            f"<details><summary>{len(exact)} exact claims hold, as on every machine</summary>"
            f"<ul>{listed}</ul></details>"
        )
        return (typical if rows else "") + (always if exact else "")


def _row(tag: str, cells: list[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"


def _counted(chapter: str) -> tuple[dict[str, str], str]:
    """Sentence -> in how many runs it held; and a note on these runs, as HTML."""
    try:
        path = study_file("claims.csv")
    except FileNotFoundError:
        return {}, ""
    table = pd.read_csv(path)
    table = table[table.chapter == chapter]
    stamp = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    run = stamp.get("configuration", {}).get("chapters", {}).get(chapter)
    if run is None or table.empty:
        return {}, ""
    counts = {str(row.claim): f"{row.held} of {row.runs} runs" for row in table.itertuples()}
    late = "" if is_current(stamp | run) else " Since then the source has changed."
    return counts, (
        f"<p>Counted on {run['date']} over the seeds {escape(', '.join(map(str, run['seeds'])))} "
        f"and {len(run['profiles'])} numerical profiles.{late}</p>"
    )

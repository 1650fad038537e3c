import json

import pandas as pd
import pytest

from vhp_core.book import Claims, claims, source_hash


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """No committed table, and no build that listens."""
    monkeypatch.delenv("VHP_CLAIMS", raising=False)

    def study_file(name):
        if not (tmp_path / name).is_file():
            raise FileNotFoundError(name)
        return tmp_path / name

    monkeypatch.setattr(claims, "study_file", study_file)
    (tmp_path / "claims.csv").write_text("chapter,claim,held,runs\n")
    (tmp_path / "claims.json").write_text("{}")
    return tmp_path


def made(budget="full", exact=True, typical=True):
    found = Claims("01_x", budget)
    found.exact("Two and two are four.", exact)
    found.typical("The ring <closes>.", typical)
    return found


def test_an_exact_claim_that_fails_stops_the_chapter_and_is_named():
    with pytest.raises(AssertionError, match=r"exact do not hold: Two and two are four\."):
        made(exact=False).judge()


def test_a_typical_claim_that_fails_is_marked_and_goes_on(count):
    judged = made(typical=False).judge()
    assert repr(judged) == "1 of 2 claims hold"
    assert "<td>The ring &lt;closes&gt;.</td><td>✗ not in this run</td>" in judged._repr_html_()
    assert "<td>13 of 15 runs</td>" in judged._repr_html_()


@pytest.fixture
def count(alone):
    """A committed table that knows one of the claims."""
    rows = [("01_x", "The ring <closes>.", 13, 15), ("02_x", "Two and two are four.", 1, 15)]
    table = pd.DataFrame(rows, columns=["chapter", "claim", "held", "runs"])
    table.to_csv(alone / "claims.csv", index=False)
    count = {"date": "2026-01-02", "source_hash": "0", "seeds": [0, 1], "profiles": ["own", "avx2"]}
    stamp = {"date": "2026-03-04", "source_hash": source_hash(), "data": []}
    stamp["configuration"] = {"chapters": {"01_x": count}}
    (alone / "claims.json").write_text(json.dumps(stamp))


def test_runs_of_an_earlier_source_are_told(count):
    shown = made().judge()._repr_html_()
    assert "Counted on 2026-01-02" in shown and "the source has changed" in shown
    assert "1 exact claims hold" in shown and "<li>Two and two are four.</li>" in shown


def test_each_chapter_has_a_count_of_its_own(count, alone):
    stamp = json.loads((alone / "claims.json").read_text())
    stamp["configuration"]["chapters"]["01_x"]["source_hash"] = source_hash()
    (alone / "claims.json").write_text(json.dumps(stamp | {"source_hash": "another"}))
    shown = made().judge()._repr_html_()
    assert "over the seeds 0, 1 and 2 numerical" in shown and "source has changed" not in shown
    other = Claims("02_x", "full")  # its rows are there, but not how they were counted
    other.typical("Two and two are four.", True)
    assert "Held in" not in other._repr_html_()


def test_a_claim_that_was_not_counted_says_so_among_others(count):
    found = made()
    found.typical("It is new.", True)
    assert found._repr_html_().count("<td>not counted yet</td>") == 1


def test_without_a_count_there_is_no_column_for_it(alone):
    for missing in (lambda: None, (alone / "claims.csv").unlink):
        missing()
        (alone / "claims.json").write_text('{"configuration": {"chapters": {}}}')
        shown = made()._repr_html_()
        assert "Here" in shown and "Held in" not in shown and "Counted on" not in shown


def test_at_smoke_budget_nothing_is_judged(alone, monkeypatch):
    monkeypatch.setenv("VHP_CLAIMS", str(alone / "told"))
    judged = made("smoke", exact=False).judge()
    assert repr(judged) == "claims are judged at full budget"
    assert "judged at full budget" in judged._repr_html_() and not (alone / "told").exists()


def test_the_build_is_told_of_every_claim_also_when_one_fails(alone, monkeypatch):
    monkeypatch.setenv("VHP_CLAIMS", str(alone / "told"))
    with pytest.raises(AssertionError):
        made(exact=False, typical=False).judge()
    lines = [json.loads(line) for line in (alone / "told").read_text().splitlines()]
    assert [(line["kind"], line["holds"]) for line in lines] == [
        ("exact", False),
        ("typical", False),
    ]


def test_a_sentence_is_claimed_once():
    with pytest.raises(ValueError, match="claimed twice"):
        made().exact("The ring <closes>.", True)

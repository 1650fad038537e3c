"""Counting claims over runs, without running a chapter."""

import json
import os

import pandas as pd
import pytest

from studies import stamp
from tools.chapters import claims, execute
from vhp_core.book.numerics import numerical_profile


def record(chapter="01_x", holds=(True, True), kinds=("exact", "typical")):
    made = [
        {"kind": kind, "sentence": f"{kind} {i}.", "holds": hold}
        for i, (kind, hold) in enumerate(zip(kinds, holds, strict=True))
    ]
    return {"chapter": chapter, "profile": "own", "seed": 0, "claims": made}


def test_a_claim_is_counted_over_the_runs_of_its_chapter():
    silent = record() | {"claims": []}
    runs = [record(), record(holds=(True, False)), record("02_y"), silent]
    table = claims.count(runs)
    assert table.values.tolist() == [
        ["01_x", "exact", "exact 0.", 2, 3],  # a run that failed before its claims counts
        ["01_x", "typical", "typical 1.", 1, 3],
        ["02_y", "exact", "exact 0.", 1, 1],
        ["02_y", "typical", "typical 1.", 1, 1],
    ]


def test_what_is_no_claim_is_told():
    rows = [("exact", 15, 15), ("exact", 14, 15), ("typical", 14, 15), ("typical", 13, 15)]
    table = pd.DataFrame(
        [("01_x", kind, f"{kind} {held}", held, runs) for kind, held, runs in rows],
        columns=["chapter", "kind", "claim", "held", "runs"],
    )
    assert claims.faults(table) == [
        "01_x, exact, 14 of 15: exact 14",
        "01_x, typical, 13 of 15: typical 13",
    ]


def test_each_profile_is_set_inside_and_the_callers_own_is_back_after(monkeypatch):
    monkeypatch.setenv("MKL_CBWR", "AVX")
    monkeypatch.delenv("ATEN_CPU_CAPABILITY", raising=False)
    with claims.profile("compatible"):
        assert numerical_profile() == {"MKL_CBWR": "COMPATIBLE", "ATEN_CPU_CAPABILITY": "default"}
    with claims.profile("own"):
        assert set(numerical_profile().values()) == {""}
    assert os.environ["MKL_CBWR"] == "AVX" and "ATEN_CPU_CAPABILITY" not in os.environ


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A book of two chapters, of which the second holds a claim that fails for seed 1."""
    for name in ("01_x", "02_y"):
        (tmp_path / "book").mkdir(exist_ok=True)
        (tmp_path / "book" / f"{name}.ipynb").write_text("{}")
    (tmp_path / "studies").mkdir()
    ran = []

    def run(chapter, copy, budget, wanted, root, seed=None):
        ran.append((chapter.stem, seed, numerical_profile()["MKL_CBWR"]))
        holds = not (chapter.stem == "02_y" and seed == 1)
        claim = {"kind": "typical", "sentence": "It holds.", "holds": holds}
        copy.write_text("{}")
        copy.with_suffix(".claims").write_text(json.dumps(claim) + "\n")
        copy.with_suffix(".json").write_text(json.dumps({"key": wanted, "seconds": 90.0}))
        return True

    monkeypatch.setattr(execute, "run", run)
    monkeypatch.setattr(stamp, "machine", lambda: "a machine")
    return tmp_path, ran


def test_all_runs_are_made_once_and_the_table_is_written(root, capsys):
    folder, ran = root
    given = ["--root", str(folder), "--seeds", "0", "1", "--profiles", "own", "avx2", "--jobs", "1"]
    with pytest.raises(SystemExit, match=r"02_y, typical, 2 of 4: It holds\."):
        claims.main(given)
    assert len(ran) == 8 and ("01_x", 1, "AVX2") in ran and ("02_y", 0, "") in ran
    table = pd.read_csv(folder / "studies/claims.csv")
    assert table[["held", "runs"]].values.tolist() == [[4, 4], [2, 4]]
    told = json.loads((folder / "studies/claims.json").read_text())
    asked = {"seeds": [0, 1], "profiles": ["own", "avx2"]}
    now = {"date": told["date"], "source_hash": told["source_hash"]} | asked | {"minutes": 6.0}
    assert told["minutes"] == 12.0  # of runs, not of the table's writing
    assert told["configuration"] == {"chapters": {"01_x": now, "02_y": now}}
    with pytest.raises(SystemExit):
        claims.main(given)
    assert len(ran) == 8
    assert json.loads((folder / "studies/claims.json").read_text()) == told


def test_a_count_of_some_chapters_leaves_the_others_rows_and_how_they_were_counted(
    root, monkeypatch
):
    folder, _ = root
    given = ["--root", str(folder), "--profiles", "own", "--jobs", "1"]
    claims.main([*given, "--seeds", "0", "2"])
    first = json.loads((folder / "studies/claims.json").read_text())
    monkeypatch.setattr("vhp_core.book.source_hash", lambda *data: "a later one")
    claims.main([*given, "--seeds", "2", "--chapters", "01_x"])
    table = pd.read_csv(folder / "studies/claims.csv")
    assert table[["chapter", "held", "runs"]].values.tolist() == [["01_x", 1, 1], ["02_y", 2, 2]]
    told = json.loads((folder / "studies/claims.json").read_text())
    chapters = told["configuration"]["chapters"]
    assert chapters["02_y"] == first["configuration"]["chapters"]["02_y"]
    assert chapters["01_x"]["source_hash"] == "a later one" and chapters["01_x"]["seeds"] == [2]
    assert told["source_hash"] not in (
        "a later one",
        first["source_hash"],
    )  # not current as a whole

import pytest

from studies import grid
from studies.parts import bring, leave, main
from tests.studies.grid_cells import note


@pytest.fixture
def folders(tmp_path):
    here, parts = tmp_path / "here", tmp_path / "parts"
    for name in ("a-1/x.json", "a_weights/w.safetensors", "b-2/y.json"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(name)
    return here, parts


def test_what_one_machine_leaves_another_one_finds(folders, tmp_path):
    here, parts = folders
    assert leave(here, "a", parts) == 2
    assert bring(tmp_path / "there", "a", parts) == 2
    assert (tmp_path / "there/a-1/x.json").read_text() == "a-1/x.json"
    assert not (tmp_path / "there/b-2").exists()


def test_nothing_is_written_over(folders):
    here, parts = folders
    leave(here, "", parts)
    (here / "a-1/x.json").write_text("newer")
    assert bring(here, "", parts) == 0 == leave(here, "", parts)
    assert (here / "a-1/x.json").read_text() == "newer"
    assert (parts / "a-1/x.json").read_text() == "a-1/x.json"


def test_no_parts_are_no_error(tmp_path):
    assert bring(tmp_path, "a", tmp_path / "nowhere") == 0


def test_a_grid_goes_on_with_the_parts(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(grid, "FOLDER", tmp_path / "one")
    monkeypatch.setattr(grid, "_identity", dict)
    cells = [{"folder": str(tmp_path), "seed": seed} for seed in (0, 1)]
    grid.run_grid("trial", note, cells[:1], {})
    assert leave(tmp_path / "one", "trial", tmp_path / "parts") == 1
    monkeypatch.setattr(grid, "FOLDER", tmp_path / "two")
    monkeypatch.setattr(grid, "bring", lambda *where: bring(*where, tmp_path / "parts"))
    capsys.readouterr()
    both = grid.run_grid("trial", note, cells, {})
    assert "1 of 2 cells are there from before" in capsys.readouterr().out
    assert both.table.seed.tolist() == [0, 0, 1, 1]
    assert len(list(tmp_path.glob("0-*.call"))) == 1


def test_the_command_says_how_many_files_are_new(folders, monkeypatch, capsys):
    monkeypatch.setattr(grid, "FOLDER", folders[0])
    monkeypatch.setattr("studies.parts.PARTS", folders[1])
    monkeypatch.setattr("studies.parts.leave", lambda folder, name: leave(folder, name, folders[1]))
    main(["b"])
    assert "1 new files in parts/" in capsys.readouterr().out

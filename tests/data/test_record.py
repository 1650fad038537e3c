"""Data loaders tell which data they returned, where that is asked for."""

import sys

import vhp_core as vhp

faces_module = sys.modules["vhp_core.data.faces"]  # the package's attribute is the function


def test_sources_are_written_where_the_environment_asks(tmp_path, monkeypatch):
    place = tmp_path / "sources"
    monkeypatch.setattr(faces_module, "_cache_folder", lambda: tmp_path / "faces")
    monkeypatch.delenv("VHP_SOURCES", raising=False)
    vhp.data.pendulum(3)
    assert not place.exists()
    monkeypatch.setenv("VHP_SOURCES", str(place))
    loaded = [vhp.data.pendulum(3), vhp.data.mocap6(), vhp.data.faces(1, size=8)]
    sources = [data.source for data in loaded]
    assert place.read_text(encoding="utf-8").splitlines() == [" ".join(s.split()) for s in sources]

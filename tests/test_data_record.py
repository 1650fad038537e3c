"""Data loaders tell which data they returned, where that is asked for."""

import vhp_core as vhp


def test_sources_are_written_where_the_environment_asks(tmp_path, monkeypatch):
    place = tmp_path / "sources"
    monkeypatch.delenv("VHP_SOURCES", raising=False)
    vhp.data.pendulum(3)
    assert not place.exists()
    monkeypatch.setenv("VHP_SOURCES", str(place))
    sources = [vhp.data.pendulum(3).source, vhp.data.mocap6().source]
    assert place.read_text(encoding="utf-8").splitlines() == [" ".join(s.split()) for s in sources]

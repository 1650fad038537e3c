"""The download of the CMU files from a local server: what is asked for, kept and refused."""

import socket
import time

import pooch
import pytest
import torch

import vhp_core as vhp
from tests.data.conftest import FILES, cmu_module
from tests.data.test_acclaim import AMC


def cached_files(tmp_path):
    return sorted(
        str(p.relative_to(tmp_path / "cache" / "vhp_core" / "cmu" / "subjects"))
        for p in (tmp_path / "cache").rglob("*")
        if p.is_file()
    )


def test_download_fills_the_cache_once(serve, tmp_path):
    asked = serve()
    data = vhp.data.cmu()
    assert cached_files(tmp_path) == sorted(FILES)
    assert sorted(asked) == sorted(FILES)
    assert "mocap.cs.cmu.edu" in data.source
    assert torch.equal(vhp.data.cmu().x, data.x)
    assert len(asked) == len(FILES)  # the second call asks for nothing


def test_a_404_is_told_and_the_rest_is_kept(serve, tmp_path):
    serve(lambda file, body: 404 if file == "2/2_01.amc" else body)
    with pytest.raises(ConnectionError, match=r"2/2_01\.amc: 404"):
        vhp.data.cmu()
    assert cached_files(tmp_path) == sorted(set(FILES) - {"2/2_01.amc"})


def test_a_site_that_has_nothing_is_asked_once(serve, tmp_path):
    asked = serve(lambda file, body: 404)
    for _ in range(2):
        with pytest.raises(ConnectionError, match="VHP_DATA"):
            vhp.data.cmu()
    assert len(asked) == 1
    assert cached_files(tmp_path) == []


def test_a_cut_off_file_never_enters_the_cache(serve, tmp_path):
    serve(lambda file, body: body[: len(body) // 2] if file == "1/1_02.amc" else body)
    with pytest.raises(ConnectionError, match=r"1/1_02\.amc"):
        vhp.data.cmu()
    assert cached_files(tmp_path) == sorted(set(FILES) - {"1/1_02.amc"})


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("1/1_01.amc", "upper 90 0 90", "upper 90 0 91"),  # a kept frame
        ("2/2.asf", "length 3", "length 4"),
        ("2/2.asf", "length 0.45", "length 0.46"),  # the unit
    ],
)
def test_an_altered_file_never_enters_the_cache(serve, tmp_path, file, old, new):
    def spoil(name, body):
        changed = body.replace(old.encode(), new.encode())
        return changed if name == file else body

    serve(spoil)
    with pytest.raises(ConnectionError, match="checksum"):
        vhp.data.cmu()
    assert file not in cached_files(tmp_path)


def test_frames_that_are_not_kept_do_not_count(serve, tmp_path):
    serve(lambda file, body: body.replace(b"lower 90", b"lower 45"))  # frame 3 of every trial
    vhp.data.cmu()
    assert cached_files(tmp_path) == sorted(FILES)


def test_after_a_failure_only_the_rest_is_fetched(serve, tmp_path):
    broken = {"1/1_02.amc"}
    asked = serve(lambda file, body: 404 if file in broken else body)
    with pytest.raises(ConnectionError):
        vhp.data.cmu()
    broken.clear()
    asked.clear()
    vhp.data.cmu()
    assert asked == ["1/1_02.amc"]


def test_a_site_that_never_answers_costs_its_patience_once(site, tmp_path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for patience in (0.3, 0.02):
            started = time.perf_counter()
            with pytest.raises(ConnectionError, match="did not give"):
                cmu_module._download(list(FILES), tmp_path / "c", url, 0.3)
            assert time.perf_counter() - started < patience + 0.7
    assert cmu_module._PATIENCE <= 10


def test_a_first_file_that_was_cut_off_is_asked_for_again(serve, tmp_path):
    cut = {"1/1.asf"}
    serve(lambda file, body: body[:100] if file in cut else body)
    with pytest.raises(ConnectionError, match=r"did not give 1/1\.asf"):
        vhp.data.cmu()
    assert cached_files(tmp_path) == []
    cut.clear()
    assert len(vhp.data.cmu().x) == 5


def test_a_network_that_goes_away_is_not_waited_for_file_by_file(site, serve, tmp_path):
    def stall(file, body):
        if file.endswith("amc"):
            time.sleep(0.5)
        return body

    asked = serve(stall, patience=0.3)
    many = [f"1/1_{i:02d}.amc" for i in range(1, 21)]
    for file in many:
        (site / file).write_text(AMC)
    cmu_module.known_checksums().update(dict.fromkeys(many, ""))
    started = time.perf_counter()
    with pytest.raises(ConnectionError, match="Call again"):
        cmu_module._download(["1/1.asf", *many], pooch.os_cache("vhp_core") / "cmu")
    assert time.perf_counter() - started < 1.2  # five rounds would take 1.5 seconds
    assert len(asked) <= 9
    assert len(list((tmp_path / "cache").rglob("*.a*"))) == 1


def test_where_nothing_can_be_kept_the_fallback_is_taken(serve, tmp_path, monkeypatch):
    serve()
    (tmp_path / "home").write_text("no folder")
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "home" / name)
    with pytest.warns(UserWarning, match="nothing can be kept"):
        assert "mocap6" in vhp.data.cmu(fallback="mocap6").source

"""Where the CMU files are sought, what is refused, and what comes out."""

import contextlib
import http.server
import os
import socket
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pooch
import pytest
import torch
from test_data_acclaim import AMC, ASF, needs_mirror

import vhp_core as vhp

cmu_module = sys.modules["vhp_core.data.cmu"]  # the name vhp_core.data.cmu is the function

SMALL = (
    cmu_module.Segment("1_01", 0, None, "walking", "none"),
    cmu_module.Segment("1_02", 0, None, "walking", "all"),
    cmu_module.Segment("2_01", 1, 5, "kicking", "last quarter"),
)
FILES = ("1/1.asf", "2/2.asf", "1/1_01.amc", "1/1_02.amc", "2/2_01.amc")


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A small site of two subjects in the database's layout, and a package that knows it."""
    folder = tmp_path / "site" / "subjects"
    for file in FILES:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(ASF if file.endswith("asf") else AMC)
    monkeypatch.setattr(cmu_module, "SEGMENTS", SMALL)
    monkeypatch.setattr(cmu_module, "TRIALS", ("1_01", "1_02", "2_01"))
    monkeypatch.setattr(cmu_module, "SUBJECTS", ("1", "2"))
    monkeypatch.setattr(cmu_module, "FILES", FILES)
    known = {file: cmu_module.checksum(folder, file) for file in FILES}
    monkeypatch.setattr(cmu_module, "known_checksums", lambda: known)
    monkeypatch.setattr(cmu_module, "_unreachable", {})
    monkeypatch.delenv("VHP_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    return folder


@pytest.fixture
def serve(site, monkeypatch):
    """Serve the site; ``spoil(file, body)`` may answer with a status, or another body."""
    servers = []

    def serve(spoil=lambda file, body: body, patience=5.0):
        asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                file = self.path.removeprefix("/subjects/")
                asked.append(file)
                body = (site / file).read_bytes()
                answer = spoil(file, body)
                if isinstance(answer, int):
                    self.send_error(answer)
                    return
                with contextlib.suppress(ConnectionError):  # the client may have given up
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        url = f"http://127.0.0.1:{server.server_port}/subjects"
        download = cmu_module._download
        monkeypatch.setattr(
            cmu_module,
            "_download",
            lambda missing, folder: download(missing, folder, url, patience=patience),
        )
        return asked

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


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


def test_what_comes_out_of_the_small_site(serve):
    serve()
    data = vhp.data.cmu()
    # Frames 0 and 4 of each whole trial, and frame 1 of [1, 5).
    assert data.trials.tolist() == ["1_01", "1_01", "1_02", "1_02", "2_01[1:5]"]
    assert data.frames.tolist() == [0, 1, 0, 1, 0]
    assert data.labels.tolist() == ["walking"] * 4 + ["kicking"]
    assert data.split[1].tolist() == [False, False, True, True, False]
    assert data.channels == ("upper rx", "upper ry", "upper rz", "lower rx")
    absolute = torch.rad2deg(data.x + data.mean)
    expected = [[0, 0, 0, 0], [90, 0, 90, 0]] * 2 + [[0, 0, 0, 0]]
    torch.testing.assert_close(absolute, torch.tensor(expected, dtype=torch.float32))
    torch.testing.assert_close(data.x[data.split[0]].mean(0), torch.zeros(4), atol=1e-6, rtol=0)
    joints = data.joint_positions(data.x[[1]]) / data.skeleton.metres
    np.testing.assert_allclose(joints[0], [[0, 0, 0], [0, 0, 2], [0, 3, 2], [0, 4, 2]], atol=1e-5)


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


def refuse(missing, folder):
    raise ConnectionError("no network")


def test_without_a_network_the_fallback_is_loud(site, monkeypatch):
    monkeypatch.setattr(cmu_module, "_download", refuse)
    with pytest.raises(ConnectionError, match="no network"):
        vhp.data.cmu()
    with pytest.warns(UserWarning, match="mocap6 is used: no network"):
        data = vhp.data.cmu(fallback="mocap6")
    assert torch.equal(data.x, vhp.data.mocap6().x)
    assert "mocap6" in data.source
    with pytest.raises(ValueError, match="fallback must be"):
        vhp.data.cmu(fallback="else")


def test_a_named_place_that_lacks_a_file_is_an_error(site, monkeypatch):
    monkeypatch.setattr(cmu_module, "_download", refuse)
    assert len(vhp.data.cmu(root=site.parent).x) == 5
    (site / "1" / "1_02.amc").unlink()
    with pytest.raises(FileNotFoundError, match=r"1_02\.amc is missing .*root names"):
        vhp.data.cmu(root=site.parent, fallback="mocap6")
    monkeypatch.setenv("VHP_DATA", str(site.parent.parent))
    site.parent.rename(site.parent.with_name("cmu"))
    with pytest.raises(FileNotFoundError, match=r"1_02\.amc is missing .*VHP_DATA/cmu names"):
        vhp.data.cmu(fallback="mocap6")


def test_the_argument_goes_before_the_environment(site, monkeypatch):
    monkeypatch.setenv("VHP_DATA", "/nowhere")
    assert "root" in vhp.data.cmu(root=site.parent).source


def test_a_recording_that_is_too_short_is_named(site):
    path = site / "2" / "2_01.amc"
    path.write_text(AMC[: AMC.index("5\nroot")])
    with pytest.raises(ValueError, match=r"2_01\.amc has only 4 frames"):
        vhp.data.cmu(root=site.parent)


def test_the_known_files_are_all_there():
    known = cmu_module.known_checksums()
    assert set(known) == set(cmu_module.FILES)
    assert len(known) == 33
    assert all(len(value) == 64 for value in known.values())


@needs_mirror
def test_the_mirror_gives_the_five_motions():
    data = vhp.data.cmu()
    assert data.x.shape == (3283, 50)
    assert data.x.dtype == torch.float32
    assert torch.isfinite(data.x).all()
    counts = {label: len(data.indices(label)) for label in dict.fromkeys(data.labels)}
    assert counts == {
        "walking": 1660, "jogging": 406, "balancing": 741, "punching": 259, "kicking": 217
    }  # fmt: skip
    train, test = data.split
    assert (train ^ test).all()
    held_out = set(data.trials[test.numpy()])
    assert held_out == {
        "35_15", "35_16", "35_25", "35_26", "49_20",
        "86_01[1980:2500]", "86_01[4065:4579]", "86_01[3200:4065]",
    }  # fmt: skip
    kicking = data.indices("kicking")
    assert test[kicking].sum() == len(kicking) // 4
    assert test[kicking[-1]] and not test[kicking[0]]
    assert data.frame_rate == 30
    with pytest.raises(ValueError, match="no motion 'flying'"):
        data.indices("flying")


@needs_mirror
def test_the_mirror_has_the_known_checksums():
    subjects = Path(os.environ["VHP_DATA"]) / "cmu" / "subjects"
    for file in ("35/35.asf", "35/35_01.amc", "49/49_20.amc", "86/86_01.amc"):
        assert cmu_module.checksum(subjects, file) == cmu_module.known_checksums()[file]

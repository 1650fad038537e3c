"""The download of Fashion-MNIST from a local server: what is asked for, kept and refused."""

import contextlib
import socket
import time

import pooch
import pytest
import torch

import vhp_core as vhp
from tests.data.conftest import fashion_module, fetching_module, local_server, put

NAMES = [f"{file}.gz" for file in fashion_module.FILES]
PICTURES, LABELS, TEST_PICTURES, TEST_LABELS = NAMES


@pytest.fixture
def site(small, tmp_path):
    """The folder of what is served."""
    return put(tmp_path / "site", small["fashion-mnist"], ".gz")


@pytest.fixture
def serve(site, monkeypatch):
    with contextlib.ExitStack() as stack:

        def serve(spoil=lambda file, body: body):
            address, asked = stack.enter_context(local_server(site, spoil))
            monkeypatch.setattr(fashion_module, "_SITE", address.removeprefix("http://"))
            return asked

        yield serve


def cached(tmp_path):
    return sorted(path.name for path in (tmp_path / "cache").rglob("*") if path.is_file())


def test_download_fills_the_cache_once(serve, tmp_path):
    asked = serve()
    data = vhp.data.fashion_mnist()
    assert asked == [TEST_LABELS, LABELS, TEST_PICTURES, PICTURES]  # the smallest first
    assert cached(tmp_path) == sorted(NAMES)
    again = vhp.data.fashion_mnist()
    assert len(asked) == 4  # the second call asks for nothing
    assert torch.equal(again.x, data.x) and again.source == data.source
    assert f"found in the cache, from {fashion_module._SITE}" in data.source


def test_only_what_is_missing_is_fetched(serve, small, tmp_path):
    contents = {name: small["fashion-mnist"][name] for name in list(fashion_module.FILES)[:3]}
    put(tmp_path / "cache" / "vhp_core" / "fashion-mnist", contents)  # by hand, not compressed
    asked = serve()
    assert len(vhp.data.fashion_mnist().x) == 9
    assert asked == [TEST_LABELS]


def test_a_404_is_told_and_the_rest_is_fetched_later(serve, tmp_path):
    broken = {TEST_PICTURES}
    asked = serve(lambda file, body: 404 if file in broken else body)
    with pytest.raises(ConnectionError, match=rf"{TEST_PICTURES}: 404.*Call again.*VHP_DATA"):
        vhp.data.fashion_mnist()
    assert cached(tmp_path) == sorted([LABELS, TEST_LABELS])
    broken.clear()
    asked.clear()
    assert len(vhp.data.fashion_mnist().x) == 9
    assert asked == [TEST_PICTURES, PICTURES]


def test_a_site_that_has_nothing_is_asked_once(serve, tmp_path):
    asked = serve(lambda file, body: 404)
    for _ in range(2):
        with pytest.raises(ConnectionError, match=r"did not give t10k-labels.*fashion_mnist\(root"):
            vhp.data.fashion_mnist()
    assert asked == [TEST_LABELS] and cached(tmp_path) == []


@pytest.mark.parametrize("file", [TEST_LABELS, PICTURES])
def test_a_cut_off_file_never_enters_the_cache(file, serve, tmp_path):
    cut = {file}
    serve(lambda name, body: body[: len(body) // 2] if name in cut else body)
    with pytest.raises(ConnectionError, match=file):
        vhp.data.fashion_mnist()
    assert file not in cached(tmp_path)
    cut.clear()
    assert len(vhp.data.fashion_mnist().x) == 9  # it is asked for again


@pytest.mark.parametrize("file", [TEST_LABELS, PICTURES])
@pytest.mark.parametrize("kind", ["altered", "foreign", "unpacked and altered", "no file of data"])
def test_another_file_never_enters_the_cache(file, kind, serve, site, small, tmp_path):
    content = small["fashion-mnist"][file.removesuffix(".gz")]
    altered = content[:-1] + bytes([content[-1] ^ 1])
    other = small["mnist"][file.removesuffix(".gz")]
    if kind in ("altered", "foreign"):
        put(site, {file.removesuffix(".gz"): altered if kind == "altered" else other}, ".gz")
    else:
        (site / file).write_bytes(altered if "unpacked" in kind else b"<html>not here</html>")
    serve()
    with pytest.raises(ConnectionError, match=r"was altered|no IDX file") as caught:
        vhp.data.fashion_mnist()
    assert file in str(caught.value) and "it was not kept" in str(caught.value)
    assert file not in cached(tmp_path)


def test_what_counts_is_the_content_however_it_is_compressed(serve, site, small, tmp_path):
    name = PICTURES.removesuffix(".gz")
    (site / PICTURES).write_bytes(small["fashion-mnist"][name])
    serve()
    assert len(vhp.data.fashion_mnist().x) == 9
    assert cached(tmp_path) == sorted(NAMES)


def test_a_site_that_never_answers_costs_its_patience_once(small, tmp_path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for patience in (0.3, 0.02):
            started = time.perf_counter()
            with pytest.raises(ConnectionError, match=r"did not give .* or go elsewhere"):
                fetching_module.fetch(url, [NAMES], tmp_path / "c", print, "go elsewhere", 0.3)
            assert time.perf_counter() - started < patience + 0.7
    assert fetching_module._PATIENCE <= 10


def test_a_home_that_cannot_be_written_is_told(small, tmp_path, monkeypatch):
    (tmp_path / "home").write_text("no folder")
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "home" / name)
    with pytest.raises(ConnectionError, match=r"nothing can be kept in .*fashion_mnist\(root"):
        vhp.data.fashion_mnist()

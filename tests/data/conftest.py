"""Small sites: one in the layout of the CMU database, one of IDX files; and a server of either."""

import contextlib
import gzip
import hashlib
import http.server
import struct
import sys
import threading

import numpy as np
import pooch
import pytest

from tests.data.test_acclaim import AMC, ASF

cmu_module = sys.modules["vhp_core.data.cmu"]  # the name vhp_core.data.cmu is the function
fashion_module = sys.modules["vhp_core.data.fashion_mnist"]
mnist_module = sys.modules["vhp_core.data.mnist"]
fetching_module = sys.modules["vhp_core.data.fetching"]
SMALL = (
    cmu_module.Segment("1_01", 0, None, "walking", "none"),
    cmu_module.Segment("1_02", 0, None, "walking", "all"),
    cmu_module.Segment("2_01", 1, 5, "kicking", "last quarter"),
)
FILES = ("1/1.asf", "2/2.asf", "1/1_01.amc", "1/1_02.amc", "2/2_01.amc")


@pytest.fixture
def write(tmp_path):
    """Write text, or bytes, to a file and give its path."""

    def write(text, name="hand.asf"):
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


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
    monkeypatch.setattr(fetching_module, "_unreachable", {})
    monkeypatch.delenv("VHP_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    return folder


@contextlib.contextmanager
def local_server(folder, spoil):
    """Serve the files of a folder; the address, and a list that grows by what is asked for.

    ``spoil(file, body)`` may answer with a status, or another body of the length that was told.
    """
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            file = self.path.removeprefix("/")
            asked.append(file)
            body = (folder / file).read_bytes()
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
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def serve(site, monkeypatch):
    """Serve the site, spoiled as :func:`local_server` says, as that of the database."""
    with contextlib.ExitStack() as stack:

        def serve(spoil=lambda file, body: body, patience=5.0):
            url, asked = stack.enter_context(local_server(site, spoil))
            download = cmu_module._download
            monkeypatch.setattr(
                cmu_module,
                "_download",
                lambda missing, folder: download(missing, folder, url, patience=patience),
            )
            return asked

        yield serve


def idx(array):
    """The content of an IDX file."""
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def put(folder, contents, ending=""):
    """Write files, compressed where they end in .gz, and give their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in contents.items():
        packed = gzip.compress(content, mtime=0) if ending == ".gz" else content
        (folder / f"{file}{ending}").write_bytes(packed)
    return folder


@pytest.fixture
def arrays():
    """Two small data sets of 6 and 3 pictures: folder's name -> file -> array."""
    sets = {}
    for seed, (name, module) in enumerate(
        {"fashion-mnist": fashion_module, "mnist": mnist_module}.items()
    ):
        draw = np.random.default_rng(seed).integers
        shapes = [(6, 4, 5), (6,), (3, 4, 5), (3,)]
        values = [
            draw(256 if len(shape) == 3 else 10, size=shape, dtype=np.uint8) for shape in shapes
        ]
        sets[name] = dict(zip(module.FILES, values, strict=True))
    return sets


@pytest.fixture
def small(arrays, tmp_path, monkeypatch):
    """The files of the two sets, which the package takes for the known ones, and finds nowhere."""
    contents = {
        name: {file: idx(array) for file, array in files.items()} for name, files in arrays.items()
    }
    for name, module in (("fashion-mnist", fashion_module), ("mnist", mnist_module)):
        known = {
            file: module.FILES[file]._replace(
                shape=arrays[name][file].shape, sha256=hashlib.sha256(content).hexdigest()
            )
            for file, content in contents[name].items()
        }
        monkeypatch.setattr(module, "FILES", known)
    debian = fashion_module._DEBIAN._replace(folder=tmp_path / "debian")
    monkeypatch.setattr(fashion_module, "_DEBIAN", debian)
    monkeypatch.setattr(fashion_module, "_SITE", "127.0.0.1:9")  # where nobody listens
    monkeypatch.setattr(fetching_module, "_unreachable", {})
    monkeypatch.delenv("VHP_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    return contents

"""A small site in the layout of the CMU database, and a server of it."""

import contextlib
import http.server
import sys
import threading

import pooch
import pytest

from tests.data.test_acclaim import AMC, ASF

cmu_module = sys.modules["vhp_core.data.cmu"]  # the name vhp_core.data.cmu is the function
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

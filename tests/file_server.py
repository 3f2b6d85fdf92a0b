"""An HTTP server on 127.0.0.1 that serves files from memory, and misbehaves on request."""

import contextlib
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer(ThreadingHTTPServer):
    """Serves `files` (name -> bytes) with ETag and Range, as the real servers do.

    cuts: after how many body bytes each of the next answers is cut off (None: it is not).
    errors: status codes that the next answers have instead of a file.
    surplus: bytes that come behind what is announced, where lengths are not told. more: headers of every answer.
    ranges: whether Range is understood. etags: whether answers carry an ETag. page: answer everything with HTML.
    requests: (name, Range header, Authorization header, status) of every request so far.
    """

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = dict(files)
        self.cuts, self.errors, self.requests = [], [], []
        self.surplus, self.more = b"", {}
        self.ranges, self.etags, self.lengths, self.page = True, True, True, False
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.shutdown()
        self.thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        """Say nothing on stderr."""

    def do_GET(self):
        server = self.server
        name = self.path.partition("?")[0].rpartition("/")[2]
        content = server.files.get(name)
        status = server.errors.pop(0) if server.errors else 404 if content is None else 200
        if server.page or status != 200:
            body = b"<html>sorry</html>"
            return self._answer(name, 200 if server.page else status, body, {"Content-Type": "text/html"})
        headers = {"Content-Type": "application/octet-stream"}
        if server.etags:
            headers["ETag"] = f'"{hashlib.md5(content).hexdigest()}"'
        asked = self.headers.get("Range")
        fresh = self.headers.get("If-Range") in (None, headers.get("ETag"))
        if not (asked and server.ranges and fresh):
            return self._answer(name, 200, content, headers)
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            return self._answer(name, 416, b"", {"Content-Range": f"bytes */{len(content)}"})
        headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self._answer(name, 206, content[start:], headers)

    def _answer(self, name, status, body, headers):
        self.server.requests.append((name, self.headers.get("Range"), self.headers.get("Authorization"), status))
        self.send_response(status)
        if self.server.lengths:
            headers["Content-Length"] = str(len(body))
        for header, value in (headers | self.server.more).items():
            self.send_header(header, value)
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts else None
        self.wfile.write(body[:cut])
        with contextlib.suppress(ConnectionError):
            self.wfile.write(self.server.surplus)
        self.close_connection = True

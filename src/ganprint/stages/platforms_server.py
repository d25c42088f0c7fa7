"""Grand Challenge's "invoke" interface: a small HTTP server around one command.

``GET /health`` answers 200 once the server runs; ``POST /invoke`` handles the case that lies in the input folder and
answers 201, any other status being a failure. Source: Grand Challenge's algorithm template, ``app.py`` (read in
November 2026). Nothing of a request is read but its method and path.
"""

import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import cast

from ganprint.errors import InputError

__all__ = ["CaseServer", "make_server"]


class CaseServer(ThreadingHTTPServer):
    """A server that handles one case at a time and stays reachable for health checks meanwhile."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handle_case: Callable[[], str]) -> None:
        super().__init__(address, _Handler)
        self.handle_case = handle_case
        self.busy = Lock()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(200 if self.path == "/health" else 404, "")

    def do_POST(self) -> None:
        server = cast("CaseServer", self.server)
        if self.path != "/invoke":
            self._answer(404, "")
        elif not server.busy.acquire(blocking=False):
            self._answer(503, "another case is being handled")
        else:
            try:
                self._answer(*_handled(server.handle_case))
            finally:
                server.busy.release()

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is the library's)
        """Say nothing per request: the platform marks everything on stderr as a warning."""


def make_server(host: str, port: int, handle_case: Callable[[], str]) -> CaseServer:
    """Give a server that listens already and answers once ``serve_forever`` is called.

    Parameters
    ----------
    host, port
        Address; port 0 takes a free one.
    handle_case
        Does the case in the input folder and gives a line for the log; an :class:`InputError` becomes status 500 with
        its message, and any other error ends the request without an answer, its traceback on stderr.

    Raises
    ------
    InputError
        When the address can not be listened on.
    """
    try:
        return CaseServer((host, port), handle_case)
    except OSError as error:
        raise InputError(f"{host}:{port}: can not be listened on ({error.strerror}); choose another --port") from None


def _handled(handle_case: Callable[[], str]) -> tuple[int, str]:
    try:
        said = handle_case()
    except InputError as error:
        line = f"ganprint: {' '.join(str(error).split())}"
        sys.stderr.write(line + "\n")
        return 500, line
    sys.stdout.write(said + "\n")
    sys.stdout.flush()
    return 201, said

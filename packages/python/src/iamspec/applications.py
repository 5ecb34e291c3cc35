"""Serves a WSGI or ASGI application of this process on a free loopback port, in a thread."""

from __future__ import annotations

import inspect
import socket
import socketserver
import threading
from collections.abc import Callable
from typing import Any
from wsgiref import simple_server


class _QuietHandler(simple_server.WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing: a request line can contain a secret."""


class _ThreadingServer(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        # As the base class, but without its look-up of the host's name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]
        self.setup_environ()


class Applications:
    """The applications that are being served. `close` stops all of them."""

    def __init__(self) -> None:
        self._stops: list[Callable[[], None]] = []

    def serve(self, application: Any, interface: str = "auto") -> str:
        """Serves the application and returns its URL. It responds from then on.

        `interface` is `wsgi`, `asgi` or `auto`, which takes an application with a coroutine as ASGI. ASGI needs uvicorn.
        """
        if interface not in ("auto", "asgi", "wsgi"):
            raise ValueError(f"expected the interface `auto`, `asgi` or `wsgi`, got {interface!r}")
        is_asgi = _is_asgi(application) if interface == "auto" else interface == "asgi"
        return self._serve_asgi(application) if is_asgi else self._serve_wsgi(application)

    def close(self) -> None:
        """Stops all servers and waits until their threads have ended."""
        while self._stops:
            self._stops.pop()()

    def _serve_wsgi(self, application: Any) -> str:
        server = simple_server.make_server(
            "127.0.0.1", 0, application, server_class=_ThreadingServer, handler_class=_QuietHandler
        )
        thread = threading.Thread(target=server.serve_forever, name="iamspec-wsgi", args=(0.05,), daemon=True)
        thread.start()

        def stop() -> None:
            server.shutdown()
            thread.join()
            server.server_close()

        self._stops.append(stop)
        return f"http://127.0.0.1:{server.server_port}"

    def _serve_asgi(self, application: Any) -> str:
        try:
            import uvicorn
        except ImportError as error:
            raise ModuleNotFoundError("an ASGI application needs uvicorn; run: pip install 'iamspec[asgi]'") from error
        # Connections wait in this socket until the server has started.
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(application, log_level="error", access_log=False))
        thread = threading.Thread(target=server.run, name="iamspec-asgi", kwargs={"sockets": [listener]}, daemon=True)
        thread.start()

        def stop() -> None:
            server.should_exit = True
            thread.join()
            listener.close()

        self._stops.append(stop)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _is_asgi(application: Any) -> bool:
    call = application if inspect.isroutine(application) else getattr(application, "__call__", application)
    return inspect.iscoroutinefunction(application) or inspect.iscoroutinefunction(call)

"""The addresses that the edge listens on: bound once at the start, and shared by its workers (SO_REUSEPORT)."""

import socket
from contextlib import ExitStack

from edge import config
from edge.errors import ConfigError


def address(listener: socket.socket) -> str:
    """Where a listener answers, as an address."""
    host, number = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{number}"


def places(settings: config.Edge, *, shared: bool) -> list[socket.socket]:
    """Sockets bound to the edge's address and, where there is one, to the admin's; raises ``ConfigError``.

    With ``shared`` they only hold the ports for workers, and never listen.
    """
    wanted = [("edge", settings.host, settings.port)]
    if settings.admin.port is not None:
        wanted.append(("edge.admin", settings.admin.host, settings.admin.port))
    with ExitStack() as stack:
        found = [stack.enter_context(_reserved(table, host, port, shared=shared)) for table, host, port in wanted]
        stack.pop_all()  # all are there, so none is closed
    return found


def _reserved(table: str, host: str, port: int, *, shared: bool) -> socket.socket:
    try:
        family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return _bound(family, where, shared=shared)
    except OSError as error:
        raise ConfigError(f"{table}.host, {table}.port: cannot listen there ({error.strerror})") from None


def beside(holder: socket.socket) -> socket.socket:
    """Another socket on the address of a shared one; raises ``OSError``."""
    return _bound(holder.family, holder.getsockname(), shared=True)


def _bound(family: int, where: object, *, shared: bool) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind(where)  # type: ignore[arg-type]
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener

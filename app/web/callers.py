"""Who sends a request, before anything is done for it: the access key if it was used before, or the address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from app.api.authentication import host_name
from app.web.client_address import Network, client_address

Headers = Iterable[tuple[bytes, bytes]]
Client = tuple[str, int] | None


class Callers:
    """Tells callers apart by what a request says; a key that was not used before proves nothing."""

    def __init__(
        self, known_key: Callable[[bytes], bytes | None] = lambda _: None, *, trusted: Sequence[Network] = ()
    ) -> None:
        """`known_key` names the key of an `Authorization` header, `trusted` are proxies that say for whom they ask."""
        self._known_key = known_key
        self._trusted = trusted

    def key(self, headers: Headers) -> bytes | None:
        """The key of a request; None without one, and for one that was not used before."""
        for name, value in headers:
            if name == b"authorization":
                return self._known_key(value)
        return None

    def address(self, client: Client, headers: Headers) -> str:
        """The address of the client."""
        if client is not None and self._trusted:
            return host_name(client_address(client[0], headers=headers, trusted=self._trusted))
        return self.peer(client)

    def peer(self, client: Client) -> str:
        """The address at the other end of a connection."""
        return host_name(client[0] if client is not None else "")

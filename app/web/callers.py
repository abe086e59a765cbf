"""Who sends a request, found before any work is done for it: an access key that was used before, or the client's address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from app.api.authentication import host_name
from app.web.client_address import Network, client_address

Headers = Iterable[tuple[bytes, bytes]]
Client = tuple[str, int] | None


class Callers:
    """Tells callers apart by the headers of a request; a key that was not used before proves nothing."""

    def __init__(
        self, known_key: Callable[[bytes], bytes | None] = lambda _: None, *, trusted: Sequence[Network] = ()
    ) -> None:
        """`known_key` finds the key in the value of an Authorization header; None if it was not used before.

        `trusted` are the networks of proxies that are believed about the address of a client.
        """
        self._known_key = known_key
        self._trusted = trusted

    def key(self, headers: Headers) -> bytes | None:
        """The key of a request; None if it has no key, or one that was not used before."""
        for name, value in headers:
            if name == b"authorization":
                return self._known_key(value)
        return None

    def address(self, client: Client, headers: Headers) -> str:
        """The address of the client, behind any trusted proxies."""
        if client is not None and self._trusted:
            return host_name(client_address(client[0], headers=headers, trusted=self._trusted))
        return self.peer(client)

    def peer(self, client: Client) -> str:
        """The address at the other end of a connection."""
        return host_name(client[0] if client is not None else "")

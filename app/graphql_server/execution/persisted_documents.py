"""Persisted documents: a client sends the SHA-256 of a document instead of its text.

By default clients register documents, as in Apollo's automatic persisted queries: an unknown hash is answered with
`PersistedQueryNotFound`, the client sends hash and text, and from then on the hash is enough. Each process has its own
documents. A server with trusted documents runs these and no others.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from app.graphql_server.execution.document_cache import DocumentCache, InvalidDocumentError
from app.graphql_server.http.errors import HttpError

MAX_REGISTERED_DOCUMENTS = 1_000
MAX_REGISTERED_BYTES = 2_000_000
"""Maximum number of bytes of all texts that clients have registered; those used longest ago are dropped."""

_UNTRUSTED = "This server runs only the documents that it was given, and this is none of them."


def digest_of(text: str) -> str:
    """The SHA-256 of a document's text, in hexadecimal."""
    return sha256(text.encode()).hexdigest()


class PersistedDocuments:
    """The documents that can be requested by their hash."""

    def __init__(self, *, automatic: bool = True, trusted: Iterable[str] | None = None) -> None:
        """`automatic` lets clients register documents; `trusted` are the texts of the only documents that are run."""
        self._automatic = automatic and trusted is None
        self._trusted = None if trusted is None else {digest_of(text): text for text in trusted}
        self._trusted_texts = frozenset(self._trusted.values() if self._trusted is not None else ())
        self._registered: OrderedDict[str, str] = OrderedDict()
        self._registered_bytes = 0
        self.runs_any_text = trusted is None
        """Whether a text without a hash is run, whatever it is."""

    def prepare_trusted(self, documents: DocumentCache) -> None:
        """Prepare the trusted documents. Raises ValueError for one that is invalid."""
        for text in (self._trusted or {}).values():
            try:
                documents.get(text)
            except InvalidDocumentError as invalid:
                first_line = text.strip().partition("\n")[0]
                raise ValueError(
                    f"A trusted document is invalid: {invalid.errors[0].message} ({first_line:.80})"
                ) from None

    def text_of(self, text: str, *, digest: str | None) -> str:
        """The text to run for a request that has a text (otherwise it is empty), a hash, or both. Raises HttpError."""
        if self._trusted is not None:
            return self._trusted_text(text, digest=digest, trusted=self._trusted)
        if text and (digest is None or not self._automatic):
            return text
        if not self._automatic:
            raise HttpError(200, code="PERSISTED_QUERY_NOT_SUPPORTED", message="PersistedQueryNotSupported")
        if text:
            return _verified_text(text, digest=digest)
        return self._registered_text(digest)

    def register(self, text: str, *, digest: str) -> None:
        """Store the text of a valid document under its hash; if there are too many, those used longest ago are dropped."""
        if not self._automatic or digest in self._registered:
            return
        self._registered[digest] = text
        self._registered_bytes += len(text.encode())
        while len(self._registered) > MAX_REGISTERED_DOCUMENTS or self._registered_bytes > MAX_REGISTERED_BYTES:
            _, oldest = self._registered.popitem(last=False)
            self._registered_bytes -= len(oldest.encode())

    def _registered_text(self, digest: str | None) -> str:
        text = self._registered.get(digest or "")
        if text is None:
            raise _unknown_hash()
        self._registered.move_to_end(digest or "")
        return text

    def _trusted_text(self, text: str, *, digest: str | None, trusted: dict[str, str]) -> str:
        if not text:
            trusted_text = trusted.get(digest or "")
            if trusted_text is None:
                raise _unknown_hash()
            return trusted_text
        if _verified_text(text, digest=digest) not in self._trusted_texts:
            raise HttpError(403, code="FORBIDDEN", message=_UNTRUSTED)
        return text


def _verified_text(text: str, *, digest: str | None) -> str:
    """The text, if it has the hash that came with it. Raises HttpError."""
    if digest is not None and digest_of(text) != digest:
        raise HttpError(400, message="The hash is not the SHA-256 of `query`.")
    return text


def _unknown_hash() -> HttpError:
    # Clients look at this very message (urql) or at the code (Apollo).
    return HttpError(200, code="PERSISTED_QUERY_NOT_FOUND", message="PersistedQueryNotFound")


def read_trusted_documents(path: Path) -> list[str]:
    """The texts of the files (`.graphql`, `.gql`) in a folder, or of a manifest in JSON.

    A manifest is Relay's (an object from SHA-256 to text) or Apollo's (an object with a list of operations). Raises
    ValueError if there are no documents, and for a hash that is not the hash of its text.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix in {".graphql", ".gql"})
        texts = [file.read_text("utf-8") for file in files]
    else:
        texts = list(_texts_in_manifest(json.loads(path.read_text("utf-8")), path=path))
    if not texts:
        raise ValueError(f"{path}: there are no documents.")
    return texts


def _texts_in_manifest(manifest: object, *, path: Path) -> Iterator[str]:
    operations = manifest.get("operations") if isinstance(manifest, dict) else None
    entries: list[tuple[object, object]] = []
    if isinstance(operations, list):
        entries = [(entry.get("id"), entry.get("body")) for entry in operations if isinstance(entry, dict)]
    elif isinstance(manifest, dict):
        entries = list(manifest.items())
    for digest, text in entries:
        if not isinstance(text, str) or digest not in (digest_of(text), f"sha256:{digest_of(text)}"):
            raise ValueError(f"{path}: `{digest}` is not the SHA-256 of its document.")
        yield text

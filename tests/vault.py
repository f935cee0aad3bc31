"""A small Vault: its transit engine's encrypt and decrypt, with real AES-256-GCM, as Vault's API documentation has them.

https://developer.hashicorp.com/vault/api-docs/secret/transit
"""

import base64
import os
import re
from typing import Any

from aiohttp import web
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOO_OLD = "ciphertext or signature version is disallowed by policy (too old)"
TOO_NEW = "invalid ciphertext: version is too new"


class Transit:
    """One key with versions; tokens it accepts; what it was asked."""

    def __init__(self, token: str, *, mount: str = "transit", key: str = "mfmc-edge") -> None:
        self.tokens = {token}
        self.namespace: str | None = None
        self.versions = [AESGCM(os.urandom(32))]
        self.min_decryption_version = 1
        self.knows_associated_data = True  # Vault before 1.13 passes over it
        self.asked: list[tuple[str, int]] = []
        self.headers: list[dict[str, str]] = []
        self._path = f"/v1/{mount}", key

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """As Vault does."""
        self.headers.append(dict(request.headers))
        if request.headers.get("X-Vault-Token") not in self.tokens:
            return web.json_response({"errors": ["permission denied"]}, status=403)
        mount, key = self._path
        if request.headers.get("X-Vault-Namespace") != self.namespace or not request.path.startswith(f"{mount}/"):
            return web.json_response({"errors": []}, status=404)
        verb, _, name = request.path.removeprefix(f"{mount}/").partition("/")
        if request.method not in ("POST", "PUT") or verb not in ("encrypt", "decrypt"):
            return web.json_response({"errors": ["unsupported operation"]}, status=405)
        if name != key:
            return web.json_response({"errors": ["encryption key not found"]}, status=400)
        batch = (await request.json())["batch_input"]
        self.asked.append((verb, len(batch)))
        if not batch:
            return web.json_response({"errors": ["missing batch input to process"]}, status=400)
        results = [self._encrypted(item) if verb == "encrypt" else self._decrypted(item) for item in batch]
        status = 400 if any("error" in result for result in results) else 200
        return web.json_response({"request_id": "r", "data": {"batch_results": results}}, status=status)

    def _encrypted(self, item: dict[str, Any]) -> dict[str, Any]:
        nonce, version = os.urandom(12), len(self.versions)
        plaintext = base64.b64decode(item["plaintext"], validate=True)
        sealed = nonce + self.versions[-1].encrypt(nonce, plaintext, self._associated(item))
        return {"ciphertext": f"vault:v{version}:{base64.b64encode(sealed).decode()}", "key_version": version, "reference": ""}

    def _decrypted(self, item: dict[str, Any]) -> dict[str, Any]:
        def failed(text: str) -> dict[str, Any]:
            return {"plaintext": "", "reference": "", "error": text}

        parts = re.fullmatch(r"vault:v([0-9]+):(.*)", item["ciphertext"])
        if parts is None:
            return failed("invalid ciphertext: no prefix")
        version = max(1, int(parts[1]))
        if version > len(self.versions):
            return failed(TOO_NEW)
        if version < self.min_decryption_version:
            return failed(TOO_OLD)
        try:
            sealed = base64.b64decode(parts[2], validate=True)
            opened = self.versions[version - 1].decrypt(sealed[:12], sealed[12:], self._associated(item))
        except InvalidTag:
            return failed("cipher: message authentication failed")
        except ValueError:
            return failed("invalid ciphertext: could not decode base64")
        return {"plaintext": base64.b64encode(opened).decode(), "reference": ""}

    def _associated(self, item: dict[str, Any]) -> bytes:
        return base64.b64decode(item.get("associated_data", ""), validate=True) if self.knows_associated_data else b""

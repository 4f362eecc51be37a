"""Versions of the pose model that come, are used by half of the cameras, are taken back and go, all the time."""

import http.client
import json
import tempfile
import threading
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.e2e.product import Product
from tests.integration.service import pose_models

USED_S, REST_S, PATIENCE_S = 8.0, 12.0, 240.0
STEPS = ("promote", "rollback", "retire")


class Cycling:
    """One version after the other, until `stop`.

    Attributes:
        counts: whole cycles, and what failed.
    """

    def __init__(self, product: Product, key: Ed25519PrivateKey, counts: Counter[str]) -> None:
        self._product, self._key, self.counts = product, key, counts
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._all, daemon=True)

    def start(self) -> None:
        """Until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Ends within a cycle."""
        self._over.set()
        self._thread.join(PATIENCE_S)

    def _all(self) -> None:
        number = 0
        while not self._over.wait(REST_S):
            number += 1
            with tempfile.TemporaryDirectory() as folder:
                x = 150.0 + number % 300
                made = pose_models.write(Path(folder) / "package", pose_models.model(x), self._key, x)
                try:
                    self._cycle(pose_models.tar(made))
                except (AssertionError, OSError, ValueError, http.client.HTTPException) as error:  # the next one may come through
                    self.counts[f"failed: {type(error).__name__}"] += 1

    def _cycle(self, package: bytes) -> None:
        status, version = self._push(package)
        if status != 201:
            self.counts[f"failed: push {status}"] += 1
            return
        path = f"/api/v1/models/versions/{version['id']}"
        steps: tuple[tuple[str, dict[str, Any]], ...] = (
            (f"{path}/promote", {"share": 0.5}), ("/api/v1/models/rollback", {}), (f"{path}/retire", {}),
        )  # fmt: skip
        for step, (address, body) in zip(STEPS, steps, strict=True):
            status, _ = self._product.call(address, "POST", body, timeout=PATIENCE_S)
            if status not in (200, 409):  # the watch may have taken it back already: then there is nothing to roll back
                self.counts[f"failed: {step} {status}"] += 1
            if step == "promote":
                self._over.wait(USED_S)
        self.counts["cycles"] += 1

    def _push(self, package: bytes) -> tuple[int, Any]:
        self._product.sign_in()
        headers = {"Content-Type": "application/x-tar", "Authorization": f"Bearer {self._product.token}"}
        address = f"{self._product.url}/api/v1/models/versions?accept_licence=MIT&slower=20"
        request = urllib.request.Request(address, data=package, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except OSError as error:
            return 0, str(error)


def trust(folder: Path, key: Ed25519PrivateKey) -> Path:
    """A folder whose one key signs what is pushed here."""
    folder.mkdir(parents=True, exist_ok=True)
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "soak.pem").write_bytes(key.public_key().public_bytes(*form))
    return folder

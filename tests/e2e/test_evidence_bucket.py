"""The same steps as `test_evidence.py`, of a product whose evidence lies in a bucket of an S3 server that checks signatures."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.evidence_walk import from_an_alert_to_a_receipt
from tests.e2e.outside import Outside, bucket, outside
from tests.e2e.product import Product

pytestmark = [pytest.mark.matrix, pytest.mark.timeout(1000)]


@pytest.fixture
def around() -> Iterator[Outside]:
    """Its own: the shared one knows the secret of the shared product's webhook."""
    with outside() as made:
        yield made


@pytest.fixture
def product(tmp_path: Path, around: Outside) -> Iterator[Product]:
    """A product of its own with its demo cameras, told of a bucket."""
    with bucket(tmp_path / "bucket") as told:
        running = Product(home=tmp_path / "home", extra=around.settings | told)
        try:
            running.start()
            yield running
        finally:
            running.stop()


def test_from_an_alert_to_a_receipt_with_a_bucket(product: Product, around: Outside, page: Page, tmp_path: Path) -> None:
    from_an_alert_to_a_receipt(product, around, page, tmp_path)
    assert list((tmp_path / "bucket").rglob("*.mp4")), "the recordings lie in the bucket"
    assert not (product.home / "objects" / "evidence").exists(), "and nowhere else"

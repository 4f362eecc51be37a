"""An alert's clip plays from 10 s before, leaves blurred, is verified; SMS and webhook arrive; retention deletes what is due.

With files; `test_evidence_bucket.py` does the same with an S3 server, and
`tests/integration/service/test_evidence_s3.py` by the API alone.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.evidence_walk import from_an_alert_to_a_receipt
from tests.e2e.outside import Outside
from tests.e2e.product import Product

pytestmark = pytest.mark.timeout(720)


def test_from_an_alert_to_a_receipt(product: Product, around: Outside, page: Page, tmp_path: Path) -> None:
    from_an_alert_to_a_receipt(product, around, page, tmp_path)

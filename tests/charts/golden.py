"""Writes the rendered profiles to k8s/golden: `python -m tests.charts.golden`."""

import json
from typing import Any

import yaml
from helm_python import Chart

from tests.charts.conftest import CHART, NAMESPACE, PROFILES, RELEASE, profile
from tests.charts.test_render import GOLDEN, IMMUTABLE, frozen_fields


def main() -> None:
    """Render every profile; the fields that an upgrade cannot change are written once a release."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    with Chart.load(str(CHART)) as chart:
        for name in PROFILES:
            files = chart.render(values=profile(name), name=RELEASE, namespace=NAMESPACE, is_install=True, revision=1)
            texts = [text for path, text in sorted(files.items()) if path.endswith(".yaml")]
            manifests: list[dict[str, Any]] = [each for text in texts for each in yaml.safe_load_all(text) if each]
            (GOLDEN / f"{name}.yaml").write_text(yaml.safe_dump_all(manifests, sort_keys=False, width=130), "utf-8")
            if name == "default" and not IMMUTABLE.exists():
                fields = frozen_fields(manifests)
                IMMUTABLE.write_text(json.dumps({"version": chart.version, "fields": fields}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

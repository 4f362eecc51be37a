"""Writes the rendered profiles, what an upgrade changes, and the chart's README: `python -m tests.charts.golden`."""

from typing import Any

import yaml
from helm_python import Chart

from tests.charts.conftest import CHART, NAMESPACE, PROFILES, RELEASE, profile
from tests.charts.test_render import GOLDEN, UPGRADE
from tests.charts.upgrade import released, told
from tests.charts.values_document import README, document


def main() -> None:
    """Render every profile and document."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    with Chart.load(str(CHART)) as chart:
        for name in PROFILES:
            files = chart.render(values=profile(name), name=RELEASE, namespace=NAMESPACE, is_install=True, revision=1)
            texts = [text for path, text in sorted(files.items()) if path.endswith(".yaml")]
            manifests: list[dict[str, Any]] = [each for text in texts for each in yaml.safe_load_all(text) if each]
            (GOLDEN / f"{name}.yaml").write_text(yaml.safe_dump_all(manifests, sort_keys=False, width=130), "utf-8")
            if name == "default":
                UPGRADE.write_text("\n".join(told(released(), manifests)) + "\n", "utf-8")
    README.write_text(document(), "utf-8")


if __name__ == "__main__":
    main()

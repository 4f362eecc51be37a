"""`python -m training.falls.train TRAIN.npz... TUNE.npz --out FILE`: fits the trees and writes them as the product reads them."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

OFFSET_SHARE = 0.75
"""The fitted probability that becomes 0.5."""


def fitted(train: Sequence[Path]) -> HistGradientBoostingClassifier:
    """Sixty small trees; each scene weighs the same."""
    rows = [dict(np.load(path)) for path in train]
    signs, fall, weight = (np.concatenate([each[name] for each in rows]) for name in ("signs", "fall", "weight"))
    model = HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=6, learning_rate=0.15, min_samples_leaf=80, l2_regularization=2.0, random_state=1
    )
    return model.fit(signs, fall, sample_weight=weight)


def written(model: HistGradientBoostingClassifier, trained_on: str) -> str:
    """The file of `app.behaviour.trees`."""
    trees = []
    for (tree,) in model._predictors:
        nodes = []
        for place, node in enumerate(tree.nodes):
            if node["is_leaf"]:
                nodes.append([-1, 0.0, place, place, 0, round(float(node["value"]), 4)])
            else:
                asked = [int(node["feature_idx"]), round(float(node["num_threshold"]), 4)]
                nodes.append([*asked, int(node["left"]), int(node["right"]), int(node["missing_go_to_left"]), 0.0])
        trees.append(json.dumps(nodes, separators=(",", ":")))
    base = float(np.ravel(model._baseline_prediction)[0]) - np.log(OFFSET_SHARE / (1 - OFFSET_SHARE))
    return f'{{"trained_on": {json.dumps(trained_on)},\n "offset": {base:.4f},\n "trees": [\n  ' + ",\n  ".join(trees) + "\n]}\n"


def main(train: Sequence[Path], tune: Path, out: Path) -> None:
    """Fit, say how frames of the other subjects come out, write."""
    model = fitted(train)
    with np.load(tune) as kept:
        share = model.predict_proba(kept["signs"])[:, 1] >= OFFSET_SHARE
        right = [
            float(np.average(share[kept["fall"] == is_fall], weights=kept["weight"][kept["fall"] == is_fall]))
            for is_fall in (True, False)
        ]
        sys.stdout.write(f"frames called a fall: {right[0]:.3f} of those of falls, {right[1]:.3f} of the others\n")
    told = []
    for path in train:
        with np.load(path) as kept:
            told.append(str(kept["told"]))
    said = f"{' and '.join(told)}; offset chosen on others"
    sys.stdout.write(said + "\n")
    out.write_text(written(model, said), "utf-8")


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("train", type=Path, nargs="+", help="scenes of several seeds")
    words.add_argument("tune", type=Path)
    words.add_argument("--out", type=Path, required=True)
    given = words.parse_args()
    main(given.train, given.tune, given.out)

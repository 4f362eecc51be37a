"""nvmultiobjecttracker's files: NvDCF where people cover each other, NvSORT for cost."""

from collections.abc import Mapping
from typing import Final

from app.inference.families import Selection
from app.tracking.limits import LOST_S, MIN_IOU, MIN_SCORE, USUAL_FPS

LOST_FRAMES: Final = round(LOST_S * USUAL_FPS)

NVDCF: Final[dict[str, dict[str, object]]] = {
    "BaseConfig": {"minDetectorConfidence": MIN_SCORE},
    "TargetManagement": {
        "enableBboxUnClipping": 0,
        "preserveStreamUpdateOrder": 0,
        "maxTargetsPerStream": Selection().most,
        "minIouDiff4NewTarget": Selection().overlap,
        "minTrackerConfidence": 0.2,
        "probationAge": 1,
        "maxShadowTrackingAge": LOST_FRAMES,
        "earlyTerminationAge": LOST_FRAMES,
    },
    "TrajectoryManagement": {"useUniqueID": 1, "enableReAssoc": 0},
    "DataAssociator": {
        "dataAssociatorType": 0,
        "associationMatcherType": 1,
        "checkClassMatch": 0,
        "minMatchingScore4Overall": 0.1,
        "minMatchingScore4SizeSimilarity": 0.3,
        "minMatchingScore4Iou": MIN_IOU,
        "minMatchingScore4VisualSimilarity": 0.5,
        "matchingScoreWeight4VisualSimilarity": 0.4,
        "matchingScoreWeight4SizeSimilarity": 0.3,
        "matchingScoreWeight4Iou": 0.4,
        "tentativeDetectorConfidence": MIN_SCORE,
        "minMatchingScore4TentativeIou": MIN_IOU,
    },
    "StateEstimator": {
        "stateEstimatorType": 1,
        "processNoiseVar4Loc": 2.0,
        "processNoiseVar4Size": 1.0,
        "processNoiseVar4Vel": 0.1,
        "measurementNoiseVar4Detector": 4.0,
        "measurementNoiseVar4Tracker": 16.0,
    },
    "VisualTracker": {
        "visualTrackerType": 2,
        "useColorNames": 1,
        "useHog": 0,
        "featureImgSizeLevel": 2,
        "featureFocusOffsetFactor_y": -0.2,
        "filterLr": 0.075,
        "filterChannelWeightsLr": 0.1,
        "gaussianSigma": 0.75,
    },
}
"""Appearance and motion: for aisles where people pass behind one another. What OC-SORT is told too stands in `limits`.
Re-association by appearance stays off: it is re-identification, which a store's policy decides."""

NVSORT: Final[dict[str, dict[str, object]]] = {
    "BaseConfig": {"minDetectorConfidence": MIN_SCORE},
    "TargetManagement": {
        "enableBboxUnClipping": 0,
        "preserveStreamUpdateOrder": 0,
        "maxTargetsPerStream": Selection().most,
        "minIouDiff4NewTarget": Selection().overlap,
        "minTrackerConfidence": 0.8,
        "probationAge": 1,
        "maxShadowTrackingAge": LOST_FRAMES,
        "earlyTerminationAge": LOST_FRAMES,
    },
    "TrajectoryManagement": {"useUniqueID": 1},
    "DataAssociator": {
        "dataAssociatorType": 0,
        "associationMatcherType": 1,
        "checkClassMatch": 0,
        "usePrediction4Assoc": 1,
        "minMatchingScore4Overall": MIN_IOU,
        "minMatchingScore4SizeSimilarity": 0.0,
        "minMatchingScore4Iou": MIN_IOU,
        "matchingScoreWeight4SizeSimilarity": 0.0,
        "matchingScoreWeight4Iou": 1.0,
        "tentativeDetectorConfidence": MIN_SCORE,
        "minMatchingScore4TentativeIou": MIN_IOU,
    },
    "StateEstimator": {
        "stateEstimatorType": 2,
        "noiseWeightVar4Loc": 0.05,
        "noiseWeightVar4Vel": 0.004,
        "useAspectRatio": 1,
    },
}
"""Motion alone: a fraction of the cost, and by overlap alone, as OC-SORT weighs. checkClassMatch stays 0 in both: a class changes
with a store's policy."""


def tracker(sections: Mapping[str, Mapping[str, object]]) -> str:
    """The YAML of nvmultiobjecttracker; OpenCV's dialect, hence the first line."""
    parts = [f"{name}:\n" + "".join(f"  {key}: {value}\n" for key, value in keys.items()) for name, keys in sections.items()]
    return "%YAML:1.0\n---\n" + "\n".join(parts)

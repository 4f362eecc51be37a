"""Published weights to ONNX with numpy and onnx alone: nothing of the frameworks that trained them is needed."""

from typing import Final

VERSIONS: Final = {"yolo_pose": "1", "blazeface": "1", "dlib_resnet": "1", "dlib_landmarks": "1"}
"""Of each converter, a module of this folder. Part of the cache key: raise it whenever the same input would give another file."""

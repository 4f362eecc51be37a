"""Published weights to ONNX with numpy and onnx alone: nothing of the frameworks that trained them is needed."""

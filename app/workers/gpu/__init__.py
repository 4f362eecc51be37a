"""Worker for machines with NVIDIA GPUs: DeepStream decodes, Triton's models are called by nvinferserver, pyds probes read.

`pipeline` needs GStreamer alone, `nvds` pyds alone; everything else is plain Python and numpy (1.26 or 2).
"""

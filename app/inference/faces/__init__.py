"""Faces in numpy alone: these modules also travel with `triton_models/face_pipeline`, so they import nothing else of ours."""

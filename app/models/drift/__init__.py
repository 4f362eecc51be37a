"""Whether a version answers of a camera as it used to: detection rate, score and quality of the last day against days before."""

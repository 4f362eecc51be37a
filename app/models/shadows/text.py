"""A shadow report as lines for a terminal: pure."""

from typing import Any


def report_lines(report: dict[str, Any]) -> list[str]:
    """The lines; `report` is the service's answer with the cameras' names as `camera`."""
    shadow, total = report["shadow"], report["total"]
    runs = "runs since" if shadow["ended_at"] is None else f"ran until {shadow['ended_at']}, since"
    lines = [f"{shadow['model']} {shadow['version']} {runs} {shadow['started_at']} on {shadow['share']:.0%} of the cameras."]
    if not total["frames"]:
        return [*lines, "Nothing was compared yet; the first figures come within ten seconds of a frame with people."]
    lines += [
        f"{total['frames']} frames compared, {total['failures']} not answered, {total['skipped']} passed over.",
        f"persons: {total['persons_both']} found by both, {total['persons_only_in_use']} by the version in use alone,"
        f" {total['persons_only_new']} by the new one alone",
        f"agreement {_said(total['agreement'])} (persons {_said(total['persons'])} x keypoints"
        f" {_said(total['keypoint_likeness'])}), boxes overlap {_said(total['box_overlap'])}",
        f"score shift {_said(total['score_shift'], '+')} (spread {_said(total['score_shift_spread'])})",
        f"latency, in use -> new: p50 {total['p50_ms_in_use']} -> {total['p50_ms_new']} ms,"
        f" p95 {total['p95_ms_in_use']} -> {total['p95_ms_new']} ms",
    ]
    for each in report["cameras"]:
        one = each["agreement"]
        lines.append(f"  {each['camera']}: agreement {_said(one['agreement'])}, {one['frames']} frames")
    if report["disagreements"]:
        lines.append(f"{len(report['disagreements'])} frames on which they disagree are on the models page, heads blurred.")
    return lines


def _said(value: float | None, sign: str = "") -> str:
    return "none yet" if value is None else f"{value:{sign}.3f}"

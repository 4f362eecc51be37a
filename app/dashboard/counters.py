"""What the dashboard's live side counts."""

from app.kit.metrics import counter, gauge, histogram

viewers = gauge("viewers", "Open WebSockets.")
picture_viewers = gauge("picture_viewers", "Open live picture streams.")
watched_cameras = gauge("watched_cameras", "Cameras whose analysis results somebody receives.")
results_dropped = counter("analysis_results_dropped", "Analysis results dropped because a viewer was slow.")
results_sent = counter("analysis_results", "Analysis results handed to viewers.")
pictures_skipped = counter("pictures_skipped", "Pictures replaced by a newer one before a viewer took them.")
slow_viewers = counter("slow_viewers_closed", "Viewers closed: too slow for store messages, or no longer reading live pictures.")
messages_unreadable = counter("live_messages_unreadable", "Live messages that this version cannot read.", ("kind",))
second_looks = counter("second_looks", "Second looks at alerts, by what came of them.", ("state",))
endings_lost = counter("view_endings_lost", "Ends of live views that could not be written to the audit.")
outages = counter("live_outages", "Lost connections of the live side.", ("server",))
capture_to_result = histogram("capture_to_result_seconds", "From capture of a frame to its analysis result.")

"""What the viewers' relay counts."""

from app.kit.metrics import counter, gauge

viewers = gauge("video_viewers", "Open WebRTC views of this relay.")
refused = counter("video_views_refused", "Views that could not be opened.", ("why",))
paths_known = gauge("live_paths", "Cameras that the MediaMTX beside this role was told.")
paths_refused = counter("live_paths_refused", "Cameras that were not given to it, and outages.", ("why",))

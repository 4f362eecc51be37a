"""What the viewers' relay counts."""

from app.kit.metrics import counter, gauge

viewers = gauge("video_viewers", "Open WebRTC views of this relay.")
refused = counter("video_views_refused", "Views that could not be opened.", ("why",))

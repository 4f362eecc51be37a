"""The pipeline's and the dispatcher's metrics. Labels are bounded: reasons and server names, never cameras."""

from app.kit.metrics import counter, gauge, histogram
from app.pipeline.shard import Tally

frames = counter("pipeline_frames", "Tracked frames taken from the streams.")
skipped = counter("pipeline_skipped", "Messages that moved nothing, by reason.", ("reason",))
missing = counter("pipeline_missing_frames", "Gaps in the sequence of a camera's epoch.")
alerts = counter("pipeline_alerts", "New alerts, by rule.", ("kind",))
refused = counter("pipeline_refused_rows", "Rows that the database refused.")
stale = counter("pipeline_stale_leases", "Checkpoints that failed because the lease had moved.")
outages = counter("pipeline_outages", "Failed tries to reach a server.", ("server",))
stalls = counter("pipeline_stalls", "Half-second waits of a reader for the processing.", ("server",))
shards = gauge("pipeline_shards", "Shards held.")
queued = gauge("pipeline_queued_batches", "Batches read and not yet processed.")
lag = histogram("pipeline_lag_seconds", "Capture to processing, the newest frame of each batch.")
checkpoint = histogram("pipeline_checkpoint_seconds", "Duration of a checkpoint's transaction.")
dispatched = counter("dispatcher_messages", "Outbox messages written to live streams.", ("kind",))
repeated = counter("dispatcher_repeats", "Outbox messages found to be written already.")
outbox_age = gauge("dispatcher_oldest_seconds", "Age of the oldest message of the last batch.")

faces = counter("pipeline_faces", "Faces compared with a store's lists.")
faces_dropped = counter("pipeline_faces_dropped", "Faces and walks not looked at, by reason.", ("reason",))
gaits = counter("pipeline_gaits", "Walks held for some seconds, beside the faces of their tracks.")
gait_supports = counter("pipeline_gait_supports", "What walks said of leads, by verdict.", ("verdict",))
leads = counter("pipeline_leads", "Leads raised for people to review, by score band.", ("band",))
gallery_templates = gauge("pipeline_gallery_templates", "Templates held in memory.")
search = histogram("pipeline_search_seconds", "Comparing one face with a store's lists.")
face_to_lead = histogram("pipeline_face_to_lead_seconds", "Capture of a face to its lead in the database.")

visits_look = histogram("pipeline_visits_seconds", "One look at a store's tracks for visits across cameras.")
sightings_forgotten = counter("pipeline_sightings_forgotten", "Sightings of visits deleted, their time being over.")

escalation_steps = counter("dispatcher_escalation_steps", "Alerts moved on by time, by what happened.", ("step",))


def count(tally: Tally) -> None:
    """Take a tally over and clear it."""
    if tally.frames:
        frames.inc(tally.frames)
    for reason, number in tally.skipped.items():
        skipped.labels(reason).inc(number)
    if tally.missing:
        missing.inc(tally.missing)
    tally.frames = tally.missing = tally.newest_us = 0
    tally.skipped.clear()

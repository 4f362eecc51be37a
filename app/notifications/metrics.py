"""Metrics of notifications. Labels are kinds and states, never channels or people."""

from app.kit.metrics import counter, gauge, histogram

planned = counter("notifications_planned", "Deliveries queued, by occasion.", ("occasion",))
unreadable = counter("notifications_unreadable", "Outbox messages that could not be understood, by kind.", ("kind",))
tries = counter("notifications_tries", "Tries to deliver, by kind of channel and what is known after it.", ("kind", "verdict"))
ended = counter("notifications_ended", "Deliveries that came to a state, by kind of channel.", ("kind", "state"))
looks = counter("notifications_looks", "Looks into the SMS provider's records, by what they found.", ("found",))
lapsed = counter("notifications_lapsed", "Deliveries whose sender was gone before it told what came of them.", ("kind",))
outages = counter("notifications_outages", "Failed tries to reach the database.")
due = gauge("notifications_due", "Deliveries whose time has come and that are not being sent.")
oldest = gauge("notifications_oldest_seconds", "How long the oldest of them has waited.")
standing = gauge("notifications_standing", "Deliveries that people should look at, by state.", ("state",))
sending = gauge("notifications_sending", "Deliveries being sent by this process.")
took = histogram("notifications_try_seconds", "Duration of a try, by kind of channel.", ("kind",))
delay = histogram(
    "notifications_delay_seconds", "From the message in the outbox to the first try that was taken.", ("kind",),
    (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0),
)  # fmt: skip

"""Identity by face: who is on which list and why, templates, leads, and what people said of them.

How the parts fit (tables in `db/migrations/*_identity.sql`, decisions in ADR 11):

- `watchlists` have a home store that answers for them; `watchlist_assignments` say where they are searched. The home store's has
  no end; any other was approved by a second person and ends.
- `persons` and `enrolments` belong to the list's home store. An enrolment is active while it is approved, unsuspended and before
  `expires_at`: whoever decides compares that with its own clock.
- `facial_profiles` hold one template for an enrolment, model, version and rotation; a partition for each number of dimensions.
  `embeddings` is what is searched (rotated), `template` the sealed original. With the home store's face switch off, the
  database refuses both.
- What is searched is changed only in transactions that raise `gallery_revisions` (triggers do); `NOTIFY gallery` wakes.
- The pipeline reads through `gallery_*` functions: entries, assignments, thresholds, suspensions, rotations. It writes `matches`.
- `matches` are leads for people; `match_reviews` what they say. Nothing is written of a face that matched nobody.
"""

"""An entry of a store's live stream: what it says, and how it gets there once."""

from datetime import datetime

import msgspec

from app.pipeline.outbox_repository import OutboxRow

REMEMBER_S = 24 * 3600
"""For so long a message that was sent is not sent again."""

# KEYS: mark, stream. ARGV: seconds to remember, message, entries to keep, traceparent.   "" when it is there already.
# The mark comes last: a script is not rolled back, and a mark without its message would lose it.
ADD_ONCE = """
if redis.call('EXISTS', KEYS[1]) == 1 then
  return ''
end
local entry
if ARGV[4] == '' then
  entry = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', 'm', ARGV[2])
else
  entry = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', 'm', ARGV[2], 't', ARGV[4])
end
redis.call('SET', KEYS[1], '1', 'EX', ARGV[1])
return entry
"""


def live_message(row: OutboxRow, at: datetime) -> bytes:
    """JSON of one live message: type, store, the payload, and `repeated` where it may have been sent before and forgotten."""
    message = {"type": row.kind, "store_id": str(row.store_id), **row.payload}
    if (at - row.created_at).total_seconds() > REMEMBER_S:
        message["repeated"] = True
    return msgspec.json.encode(message)


def mark(row: OutboxRow) -> str:
    """The key that says that a message is on its stream."""
    return f"live:sent:{row.message_id}"

//! What has to happen in one step, as scripts. All keys of one lie in one slot.

use std::sync::LazyLock;

use crate::redis::Script;

/// Ids are compared as text of digits: numbers of Lua are exact up to 2^53 only, and an id edited by hand may be larger.
const LIBRARY: &str = "
local function parts(id) return string.match(id, '^0*(%d+)%-0*(%d+)$') end
local function is_id(id) return parts(id) ~= nil end
local function below(a, b) if #a ~= #b then return #a < #b end return a < b end
local function less(a, b)
  local a_ms, a_seq = parts(a)
  local b_ms, b_seq = parts(b)
  if a_ms ~= b_ms then return below(a_ms, b_ms) end
  return below(a_seq, b_seq)
end
local function last_id(stream)
  if redis.call('EXISTS', stream) == 0 then return nil end
  local facts = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #facts, 2 do
    if facts[i] == 'last-generated-id' then return facts[i + 1] end
  end
end
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function whole(number) return string.format('%.0f', number) end
-- As many values as the stack of Lua has room for, with some to spare.
local function fit(fields)
  if #fields > 4000 then return {'packed', cmsgpack.pack(fields)} end
  return fields
end
local function bury(stream, dead, consumer, id, reason)
  local found = redis.call('XRANGE', stream, id, id)
  local fields = found[1] and found[1][2] or {}
  redis.call('XADD', dead, '*', 'consumer', consumer, 'id', id, 'reason', reason, unpack(fit(fields)))
end
-- What is noted of trouble is of this offset, or forgotten.
local function settle(trouble, at)
  if redis.call('HGET', trouble, 'at') ~= at then
    redis.call('HDEL', trouble, 'tries', 'retry_at', 'reason', 'open')
    redis.call('HSET', trouble, 'at', at)
  end
end
";

fn script(body: &str) -> Script {
    Script::new(format!("{LIBRARY}{body}"))
}

/// Keys: token, offset, trouble, queue. Arguments: token.
pub(super) static BEGIN: LazyLock<Script> = LazyLock::new(|| {
    script(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'fenced'} end
         local at = redis.call('GET', KEYS[2]) or ''
         if at ~= '' then
           if not is_id(at) then return {'malformed', at} end
           local last = last_id(KEYS[4])
           if last and less(last, at) then return {'beyond', at} end
         end
         local trouble = KEYS[3]
         if redis.call('EXISTS', trouble) == 0 then return {'ok', at, 0, '', 0, ''} end
         settle(trouble, at)
         if redis.call('HDEL', trouble, 'open') == 1 then
           redis.call('HINCRBY', trouble, 'tries', 1)
           redis.call('HSET', trouble, 'reason', 'the process that handled it died, or stalled and was replaced')
         end
         local till = redis.call('HGET', trouble, 'until')
         if till and at ~= '' and not less(at, till) then
           redis.call('HDEL', trouble, 'until')
           till = false
         end
         local pause = (tonumber(redis.call('HGET', trouble, 'retry_at')) or 0) - now()
         return {'ok', at, tonumber(redis.call('HGET', trouble, 'tries')) or 0, till or '', math.max(pause, 0),
                 redis.call('HGET', trouble, 'reason') or ''}",
    )
});

/// Keys: token, trouble. Arguments: token, offset. Notes that a handler is at work.
pub(super) static MARK: LazyLock<Script> = LazyLock::new(|| {
    script(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         settle(KEYS[2], ARGV[2])
         redis.call('HSET', KEYS[2], 'open', 1)
         return 1",
    )
});

/// Keys: token, trouble. Arguments: token. The handler was left on purpose.
pub(super) static UNMARK: LazyLock<Script> = LazyLock::new(|| {
    script(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         return redis.call('HDEL', KEYS[2], 'open')",
    )
});

/// Keys: token, trouble. Arguments: token, offset, reason, pause.
/// Returns how often it has failed by now.
pub(super) static FAIL: LazyLock<Script> = LazyLock::new(|| {
    script(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         settle(KEYS[2], ARGV[2])
         local tries = redis.call('HINCRBY', KEYS[2], 'tries', 1)
         redis.call('HSET', KEYS[2], 'reason', ARGV[3], 'retry_at', whole(now() + ARGV[4]))
         redis.call('HDEL', KEYS[2], 'open')
         return tries",
    )
});

/// Keys: token, trouble. Arguments: token, offset, id. One by one until this message.
pub(super) static SUSPECT: LazyLock<Script> = LazyLock::new(|| {
    script(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         settle(KEYS[2], ARGV[2])
         redis.call('HDEL', KEYS[2], 'tries', 'open')
         redis.call('HSET', KEYS[2], 'until', ARGV[3])
         return 1",
    )
});

/// Keys: token, offset, trouble, queue, dead. Arguments: token, the offset before, the offset now, consumer, 1 when a
/// handler is at work with what follows, and id and reason of each entry that goes to the dead letters.
pub(super) static COMMIT: LazyLock<Script> = LazyLock::new(|| {
    script(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'fenced' end
         local before = redis.call('GET', KEYS[2]) or ''
         if before ~= ARGV[2] then return 'moved' end
         if before ~= '' and not less(before, ARGV[3]) then return 'moved' end
         for i = 6, #ARGV, 2 do bury(KEYS[4], KEYS[5], ARGV[4], ARGV[i], ARGV[i + 1]) end
         redis.call('SET', KEYS[2], ARGV[3])
         local till = redis.call('HGET', KEYS[3], 'until')
         redis.call('DEL', KEYS[3])
         if till and less(ARGV[3], till) then redis.call('HSET', KEYS[3], 'until', till) end
         if ARGV[5] == '1' then redis.call('HSET', KEYS[3], 'at', ARGV[3], 'open', 1) end
         return 'ok'",
    )
});

/// Keys: offset, queue. Arguments: the offset now. Without a lease: an operator's. Returns what was there, and whether it
/// has changed.
pub(super) static RAISE: LazyLock<Script> = LazyLock::new(|| {
    script(
        "local before = redis.call('GET', KEYS[1]) or ''
         if before ~= '' and not is_id(before) then return {before, 'malformed'} end
         local last = last_id(KEYS[2]) or '0-0'
         if less(last, ARGV[1]) then return {ARGV[1], 'beyond'} end
         if before ~= '' and not less(before, ARGV[1]) then return {before, 'stays'} end
         redis.call('SET', KEYS[1], ARGV[1])
         return {before, 'raised'}",
    )
});

/// Keys: queue. Arguments: after which id, how many at most. Returns how many there are, the last of them, when the first
/// was written, and the time.
pub(super) static COUNT: LazyLock<Script> = LazyLock::new(|| {
    script(
        "local found = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])
         if #found == 0 then return {0, '', 0, now()} end
         return {#found, found[#found][1], tonumber((parts(found[1][1]))), now()}",
    )
});

/// Keys: delay, queue, dead. Arguments: the delay in milliseconds, how many at most. Returns how many were sent, and when
/// the next is due. Each is gone from one stream as soon as it is in the other: a script that fails half-way has sent
/// nothing that it would send again.
pub(super) static DELIVER: LazyLock<Script> = LazyLock::new(|| {
    script(
        "local time = now()
         local due = time - ARGV[1]
         if due < 0 then return {0, -due} end
         local found = redis.call('XRANGE', KEYS[1], '-', whole(due), 'COUNT', ARGV[2])
         for _, entry in ipairs(found) do
           if #entry[2] > 4000 then
             bury(KEYS[1], KEYS[3], '', entry[1], 'it has too many fields to be sent')
           else
             redis.call('XADD', KEYS[2], '*', unpack(entry[2]))
           end
           redis.call('XDEL', KEYS[1], entry[1])
         end
         if #found >= tonumber(ARGV[2]) then return {#found, 0} end
         local next = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
         if not next[1] then return {#found, -1} end
         local ms = parts(next[1][1])
         return {#found, math.max(tonumber(ms) - due, 1)}",
    )
});

/// Keys: queue, trimmed, then the offsets of all consumers. Arguments: milliseconds to keep, or nothing; how many at
/// most in one step. Returns how many were removed, and whether there may be more.
pub(super) static TRIM: LazyLock<Script> = LazyLock::new(|| {
    script(
        "local last = last_id(KEYS[1])
         if not last then return {0, 0} end
         local low = last
         for i = 3, #KEYS do
           local offset = redis.call('GET', KEYS[i])
           if not offset then return {0, 0} end
           if not is_id(offset) then return {'malformed', KEYS[i], offset} end
           if less(last, offset) then return {'beyond', KEYS[i], offset} end
           if less(offset, low) then low = offset end
         end
         if ARGV[1] ~= '' then
           local keep = now() - ARGV[1] - 1
           if keep < 0 then return {0, 0} end
           keep = whole(keep) .. '-18446744073709551615'
           if less(keep, low) then low = keep end
         end
         local before = redis.call('XRANGE', KEYS[1], '-', low, 'COUNT', 1)
         if not before[1] then return {0, 0} end
         redis.call('SET', KEYS[2], low)
         local gone = redis.call('XTRIM', KEYS[1], 'MINID', '~', low, 'LIMIT', ARGV[2])
         if gone > 0 then return {gone, 1} end
         gone = redis.call('XTRIM', KEYS[1], 'MINID', '=', low)
         return {gone + redis.call('XDEL', KEYS[1], low), 0}",
    )
});

/// Keys: queue, born. Arguments: a mark. Returns the last id and the mark that is there.
pub(super) static POSITION: LazyLock<Script> = LazyLock::new(|| {
    script(
        "redis.call('SET', KEYS[2], ARGV[1], 'NX')
         return {last_id(KEYS[1]) or '0-0', redis.call('GET', KEYS[2])}",
    )
});

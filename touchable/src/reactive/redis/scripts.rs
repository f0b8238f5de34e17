//! What has to happen in one step. All keys of one script lie in one slot, and all times are those of Redis.
//!
//! An entry is a hash:
//!
//! | field | holds |
//! |---|---|
//! | `k` | the key, for workers |
//! | `w`, `d` | wanted until, due at, in milliseconds |
//! | `v` | the value |
//! | `m` | when it was computed, its interval or -1 when it is expired, and the version of the record that readers had seen when its computation began |
//! | `c` | the version that they have seen by now |
//! | `e` | failures in a row, cause and text of the last one |
//! | `g` | generation: how often it was expired or cleared |
//! | `t` | the token of the claim |
//!
//! It stands in exactly one of two sorted sets, `due` by when it is to be looked at, and `claims` by when its claim ends. A third,
//! `names`, finds names by their beginning.

use std::sync::LazyLock;

use crate::{
    reactive::builder::LEAD,
    redis::{Script, millis},
};

/// Keys: due, claims, names, and, of scripts for one key, its entry.
const LIBRARY: &str = "
local due, claims, names, entry = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function whole(number) return string.format('%.0f', number) end
local function number(text) return tonumber(text) or 0 end
-- Nothing outlives what needs it by much, even when every node is gone.
local margin = MARGIN
local function keep(key, ms)
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, whole(ms)) end
end
local function keep_all(hash, ms)
  for _, key in ipairs({due, claims, names, hash}) do keep(key, ms) end
end
local function is_older(version, seen)
  if not version then return true end
  if #version == #seen and not string.find(version .. seen, '%D') then return version < seen end
  return version ~= seen
end
local function is_claimed(key) return redis.call('ZSCORE', claims, key) end
local function forget(hash, key)
  redis.call('DEL', hash)
  redis.call('ZREM', due, key)
  redis.call('ZREM', claims, key)
  redis.call('ZREM', names, key)
end
-- Due at this moment; looked at earlier when nobody may want it by then. First fills go before what is due with them.
local lead = LEAD
local function settle_in(hash, key, at)
  local of = redis.call('HMGET', hash, 'w', 'm', 'e')
  local wanted, rank = number(of[1]), at
  if not of[2] and not of[3] then rank = at - lead end
  redis.call('HSET', hash, 'd', whole(at))
  redis.call('ZADD', due, whole(math.min(rank, wanted)), key)
  keep_all(hash, math.max(wanted, at) - now + margin)
end
-- Somebody says that the value is old: computed now, unless that has failed and waits for its next try.
local function hasten(hash, key)
  if is_claimed(key) then return end
  local at = number(redis.call('HGET', hash, 'd'))
  if redis.call('HEXISTS', hash, 'e') == 0 or not redis.call('ZSCORE', due, key) then at = math.min(at, now) end
  settle_in(hash, key, at)
end
local function give_back(hash, key)
  redis.call('HDEL', hash, 't')
  redis.call('ZREM', claims, key)
  settle_in(hash, key, now)
end
local function expire(hash)
  local of = redis.call('HGET', hash, 'm')
  if of then redis.call('HSET', hash, 'm', (string.gsub(of, ' %S+ ', ' -1 ', 1))) end
end
local function tell(channel, what) redis.call('PUBLISH', channel, what) end
local function failures(text) return number(string.match(text or '', '^%d+')) end
";

/// For how long, in milliseconds, an entry outlives its last due time or wish.
const MARGIN_MS: u64 = 600_000;

/// What a reader needs of an entry.
pub(super) const FIELDS: [&str; 5] = ["v", "m", "e", "d", "w"];

fn script(body: &str) -> Script {
    let fields = FIELDS.map(|field| format!("'{field}'")).join(", ");
    let text = format!("{LIBRARY}{body}")
        .replace("MARGIN", &MARGIN_MS.to_string())
        .replace("LEAD", &millis(LEAD).to_string())
        .replace("FIELDS", &fields);
    Script::new(text)
}

/// Arguments: key, encoded key, wanted for, version or nothing, channel. Now, and [`FIELDS`] unless another key has this name.
pub(super) static WANT: LazyLock<Script> = LazyLock::new(|| {
    script(
        "local key, wanted_for, version = ARGV[1], tonumber(ARGV[3]), ARGV[4]
         local wanted = number(redis.call('HGET', entry, 'w'))
         if wanted <= now and not is_claimed(key) then forget(entry, key) end
         redis.call('HSETNX', entry, 'k', ARGV[2])
         if redis.call('HGET', entry, 'k') ~= ARGV[2] then return {now, false} end
         redis.call('HSET', entry, 'w', whole(math.max(wanted, now + wanted_for)))
         redis.call('ZADD', names, 0, key)
         local is_outdated = false
         if version ~= '' and is_older(redis.call('HGET', entry, 'c'), version) then
           redis.call('HSET', entry, 'c', version)
           is_outdated = true
           expire(entry)
           tell(ARGV[5], '=' .. key)
         end
         if not is_claimed(key) then
           if not redis.call('ZSCORE', due, key) then
             settle_in(entry, key, now)
             tell(ARGV[5], 'due')
           elseif is_outdated then
             hasten(entry, key)
             tell(ARGV[5], 'due')
           else
             -- It may have stood there to be forgotten.
             settle_in(entry, key, number(redis.call('HGET', entry, 'd')))
           end
         end
         keep_all(entry, wanted_for + margin)
         return {now, redis.call('HMGET', entry, FIELDS)}",
    )
});

/// Arguments: how many, claim time, token, the beginning of entries' keys, and how much earlier than now: the lead, for first fills
/// and what is overdue for longer; nothing, for all that is due.
///
/// Returns when to look again, how many keys there are, how long the first is overdue, and of each claim: key, encoded key,
/// generation, version, failures, and for how long it was due.
pub(super) static CLAIM: LazyLock<Script> = LazyLock::new(|| {
    script(
        "local most, claim_time, token, prefix = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4]
         for _, key in ipairs(redis.call('ZRANGEBYSCORE', claims, '-inf', whole(now), 'LIMIT', 0, 100)) do
           local ended = redis.call('ZSCORE', claims, key)
           redis.call('ZREM', claims, key)
           redis.pcall('HDEL', prefix .. key, 't')
           redis.call('ZADD', due, ended, key)
         end
         local found, upto = {}, whole(now - ARGV[5])
         -- What nobody wants is forgotten on the way, so much of it in one step.
         for _ = 1, 10 do
           local keys = redis.call('ZRANGEBYSCORE', due, '-inf', upto, 'LIMIT', 0, 100)
           if #keys == 0 or #found >= most then break end
           for _, key in ipairs(keys) do
             if #found >= most then break end
             local hash = prefix .. key
             -- Another program may keep something else there.
             local of = redis.pcall('HMGET', hash, 'w', 'd', 'k', 'g', 'c', 'e')
             if of.err then
               redis.call('ZREM', due, key)
               redis.call('ZREM', names, key)
             elseif not of[3] or number(of[1]) <= now then
               forget(hash, key)
             elseif number(of[2]) > now then
               settle_in(hash, key, number(of[2]))
             else
               redis.call('HSET', hash, 't', token)
               redis.call('ZREM', due, key)
               redis.call('ZADD', claims, whole(now + claim_time), key)
               keep_all(hash, claim_time + margin)
               table.insert(found, {key, of[3], number(of[4]), of[5], failures(of[6]), now - number(of[2])})
             end
           end
         end
         local next, overdue = -1, 0
         local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
         if first[1] then
           next = math.max(tonumber(first[2]) - now, 0)
           local at = redis.pcall('HGET', prefix .. first[1], 'd')
           if type(at) == 'string' then overdue = math.max(now - number(at), 0) end
         end
         local ends = redis.call('ZRANGE', claims, 0, 0, 'WITHSCORES')
         if ends[1] then
           local left = math.max(tonumber(ends[2]) - now, 0)
           if next < 0 or left < next then next = left end
         end
         return {next, redis.call('ZCARD', names), overdue, found}",
    )
});

/// Arguments: key, claim time, token, encoded key, wanted for. A claim of this key, as `CLAIM` returns them, nothing while another
/// has it, or 0 while another key has this name.
pub(super) static TAKE: LazyLock<Script> = LazyLock::new(|| {
    script(
        "local key, claim_time, token = ARGV[1], tonumber(ARGV[2]), ARGV[3]
         local ended = is_claimed(key)
         if ended and tonumber(ended) > now then return {} end
         local wanted = number(redis.call('HGET', entry, 'w'))
         if wanted <= now then forget(entry, key) end
         redis.call('HSETNX', entry, 'k', ARGV[4])
         if redis.call('HGET', entry, 'k') ~= ARGV[4] then return 0 end
         redis.call('HSET', entry, 'w', whole(math.max(wanted, now + ARGV[5])), 't', token)
         redis.call('HSETNX', entry, 'd', whole(now))
         redis.call('ZADD', names, 0, key)
         redis.call('ZREM', due, key)
         redis.call('ZADD', claims, whole(now + claim_time), key)
         keep_all(entry, math.max(claim_time, tonumber(ARGV[5])) + margin)
         local of = redis.call('HMGET', entry, 'g', 'c', 'e', 'd')
         return {key, ARGV[4], number(of[1]), of[2], failures(of[3]), math.max(now - number(of[4]), 0)}",
    )
});

/// Arguments: claim time, the beginning of entries' keys, and of each claim its key and token. Those that are lost.
pub(super) static RENEW: LazyLock<Script> = LazyLock::new(|| {
    script(
        "local lost = {}
         for i = 3, #ARGV, 2 do
           local key, hash = ARGV[i], ARGV[2] .. ARGV[i]
           if redis.call('HGET', hash, 't') == ARGV[i + 1] and is_claimed(key) then
             redis.call('ZADD', claims, whole(now + ARGV[1]), key)
             keep_all(hash, ARGV[1] + margin)
           else
             table.insert(lost, key)
           end
         end
         return lost",
    )
});

/// Arguments: key, token, generation, version or nothing, outcome, next, channel, and of a value: interval and value; of
/// `unchanged`: interval; of `failed`: failures, and what it failed of, in one text.
pub(super) static SETTLE: LazyLock<Script> = LazyLock::new(|| {
    script(
        "local key, token, generation, version, outcome = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
         local next, channel = tonumber(ARGV[6]), ARGV[7]
         if redis.call('HGET', entry, 't') ~= token then return 'lost' end
         local wanted = number(redis.call('HGET', entry, 'w'))
         local is_current = number(redis.call('HGET', entry, 'g')) == generation
         if wanted <= now or (is_current and outcome == 'gone') then
           forget(entry, key)
           tell(channel, '-' .. key)
           return is_current and outcome == 'gone' and 'stored' or 'lost'
         end
         redis.call('ZREM', claims, key)
         redis.call('HDEL', entry, 't')
         if not is_current then
           -- That it has failed counts all the same: a dead service is not asked again at once.
           if outcome == 'failed' then redis.call('HSET', entry, 'e', ARGV[8]) else next = 0 end
           settle_in(entry, key, now + next)
           tell(channel, '=' .. key)
           tell(channel, 'due')
           return 'discarded'
         end
         if outcome == 'failed' then
           redis.call('HSET', entry, 'e', ARGV[8])
         else
           redis.call('HDEL', entry, 'e')
           if outcome == 'value' then redis.call('HSET', entry, 'v', ARGV[9]) end
           redis.call('HSET', entry, 'm', whole(now) .. ' ' .. ARGV[8] .. ' ' .. version)
           if (redis.call('HGET', entry, 'c') or '') ~= version then
             -- A reader has seen a newer version meanwhile.
             next = 0
             expire(entry)
             tell(channel, 'due')
           end
         end
         settle_in(entry, key, now + next)
         tell(channel, '=' .. key)
         return 'stored'",
    )
});

/// Arguments: the beginning of entries' keys, channel, and of each claim its key and token. They are due now.
pub(super) static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    script(
        "for i = 3, #ARGV, 2 do
           local key, hash = ARGV[i], ARGV[1] .. ARGV[i]
           if redis.call('HGET', hash, 't') == ARGV[i + 1] then give_back(hash, key) end
         end
         tell(ARGV[2], 'due')
         return 0",
    )
});

/// Arguments: the beginning of entries' keys, channel, token. Gives back what was claimed by a look whose answer was lost.
pub(super) static ABANDON: LazyLock<Script> = LazyLock::new(|| {
    script(
        "for _, key in ipairs(redis.call('ZRANGE', claims, 0, -1)) do
           local hash = ARGV[1] .. key
           if redis.pcall('HGET', hash, 't') == ARGV[3] then give_back(hash, key) end
         end
         tell(ARGV[2], 'due')
         return 0",
    )
});

/// What `EXPIRE` and `CLEAR` do with one key.
const OUTDATE: &str = "
local function outdate(hash, key, is_cleared)
  local wanted = redis.call('HGET', hash, 'w')
  if not wanted or (number(wanted) <= now and not is_claimed(key)) then return 0 end
  redis.call('HINCRBY', hash, 'g', 1)
  if is_cleared then
    redis.call('HDEL', hash, 'v', 'm', 'e')
  else
    expire(hash)
  end
  hasten(hash, key)
  return 1
end
";

/// Arguments: key, channel, 1 to remove the value. Whether it was there.
pub(super) static EXPIRE: LazyLock<Script> = LazyLock::new(|| {
    script(&format!(
        "{OUTDATE}
         local found = outdate(entry, ARGV[1], ARGV[3] == '1')
         if found == 1 then
           tell(ARGV[2], (ARGV[3] == '1' and '-' or '=') .. ARGV[1])
           tell(ARGV[2], 'due')
         end
         return found"
    ))
});

/// Arguments: the beginning of keys, that of entries' keys, channel, the last key of the step before or nothing. The last key of
/// this step, and how many there were.
pub(super) static CLEAR_UNDER: LazyLock<Script> = LazyLock::new(|| {
    script(&format!(
        "{OUTDATE}
         local from = ARGV[4] == '' and '[' .. ARGV[1] or '(' .. ARGV[4]
         local keys = redis.call('ZRANGEBYLEX', names, from, '(' .. ARGV[1] .. '\\255', 'LIMIT', 0, 1000)
         for _, key in ipairs(keys) do outdate(ARGV[2] .. key, key, true) end
         if #keys > 0 then
           tell(ARGV[3], '*' .. ARGV[1])
           tell(ARGV[3], 'due')
         end
         return {{keys[#keys] or '', #keys}}"
    ))
});

/// Arguments: key. Wanted until, due at, the end of its claim, failures, and now.
pub(super) static INSPECT: LazyLock<Script> = LazyLock::new(|| {
    script(
        "local of = redis.call('HMGET', entry, 'w', 'd', 'e')
         local ends = is_claimed(ARGV[1])
         if not of[1] or (number(of[1]) <= now and not ends) then return {} end
         local place = -1
         if redis.call('ZSCORE', due, ARGV[1]) then place = number(of[2]) end
         return {number(of[1]), place, ends and tonumber(ends) or -1, failures(of[3]), now}",
    )
});

/// Keys: the registry of names. Arguments: a name, and for how many seconds it counts as in use. All names in use.
pub(super) static REGISTER: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local now = tonumber(redis.call('TIME')[1])
         redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
         redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
         redis.call('EXPIRE', KEYS[1], ARGV[2])
         return redis.call('ZRANGE', KEYS[1], 0, -1)",
    )
});

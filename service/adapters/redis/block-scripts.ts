/**
 * The Lua scripts of the block cache: each is one atomic step of the server.
 *
 *     segment:{17}:3     sorted set, ordered by lo; the braces keep all keys of a tag on one node of a cluster
 *       5000 │ <run_id>:<master_replid>:<until, Unix ms>:<lo>:<hi>:<nonce>
 *       6000 │ …
 *
 * A block is bound to (run_id, master_replid) of the server that took it in. A restart, a load of an old dump at start
 * and a failover change the first; a replica that was promoted and an old master that came back change the second; run_id
 * alone would let a block through that came back with a fail-back. What changes neither (DEBUG RELOAD) is caught by the
 * confirmation in the coordinator.
 *
 * INFO in a script: allowed since Redis 5, where scripts are replicated by their effects. A user whose ACL forbids INFO
 * gets an error, and blocks are not cached.
 */
const RUN = `
local function run()
  local id = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  local replid = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
  return id .. ':' .. replid
end
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local kind = redis.call('TYPE', KEYS[1]).ok
`

/**
 * KEYS[1]; ttl in ms, limit, then lo, hi and nonce of each block. Times are the server's own, so the clocks of the
 * instances do not matter. The key lives as long as its youngest block; each block's own end is in its text.
 */
export const PUSH_SCRIPT = `${RUN}
if kind ~= 'zset' then redis.call('DEL', KEYS[1]) end
local bound = run() .. ':' .. string.format('%.0f', now_ms() + ARGV[1]) .. ':'
for i = 3, #ARGV, 3 do
  redis.call('ZADD', KEYS[1], ARGV[i], bound .. ARGV[i] .. ':' .. ARGV[i + 1] .. ':' .. ARGV[i + 2])
end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`

/** KEYS[1]; the lowest lo that is wanted. Returns lo, hi, nonce as text, or nothing. */
export const POP_SCRIPT = `${RUN}
if kind ~= 'zset' then return nil end
local bound = run()
local now = now_ms()
while true do
  local found = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf', 'LIMIT', 0, 1)[1]
  if not found then return nil end
  redis.call('ZREM', KEYS[1], found)
  local by, till, lo, hi, nonce = string.match(found, '^(%x+:%x+):(%d+):(%d+):(%d+):(%x+)$')
  if by == bound and tonumber(till) > now then return {lo, hi, nonce} end
end
`

/** KEYS[1]. */
export const COUNT_SCRIPT = `
if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then return 0 end
return redis.call('ZCARD', KEYS[1])
`

/**
 * The Lua scripts of the block cache: each is one atomic step of the server.
 *
 *     segment:{17}:3     sorted set, ordered by lo; the braces keep all keys of a tag on one node of a cluster
 *       5000 │ <run_id>:<master_replid>:<until, Unix ms>:<generation>:<lo>:<hi>:<nonce>
 *       6000 │ …
 *
 * A block is bound to (run_id, master_replid) of the server that took it in. A restart, a load of an old dump at start
 * and a failover change the first; a replica that was promoted and an old master that came back change the second; run_id
 * alone would let a block through that came back with a fail-back. What changes neither (DEBUG RELOAD) is caught by the
 * confirmation in the coordinator.
 *
 * Tag ids repeat between databases. Where two of them share a Redis their blocks lie in one list, and each leaves those
 * of the other's generation alone.
 *
 * INFO in a script: allowed since Redis 5, where scripts are replicated by their effects. A user whose ACL forbids INFO
 * gets an error, and blocks are not cached.
 */
const RUN = `
local GENERATION = ARGV[1]
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
local bound = run()
local now = now_ms()
-- Whether the block can be used, and whether it may be one of another database; of no use to anybody: false, false.
local function look(found)
  local by, till, whose, lo, hi, nonce = string.match(found, '^(%x+:%x+):(%d+):(%x+):(%d+):(%d+):(%x+)$')
  if by ~= bound or tonumber(till) <= now then return false, false end
  if whose ~= GENERATION then return false, true end
  return {lo, hi, nonce}, false
end
`

/**
 * KEYS[1]; generation, ttl in ms, limit, then lo, hi and nonce of each block. Times are the server's own, so the clocks of the
 * instances do not matter. The key lives as long as its youngest block; each block's own end is in its text.
 */
export const PUSH_SCRIPT = `${RUN}
if kind ~= 'zset' then redis.call('DEL', KEYS[1]) end
local head = bound .. ':' .. string.format('%.0f', now + ARGV[2]) .. ':' .. GENERATION .. ':'
for i = 4, #ARGV, 3 do
  redis.call('ZADD', KEYS[1], ARGV[i], head .. ARGV[i] .. ':' .. ARGV[i + 1] .. ':' .. ARGV[i + 2])
end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`

/** KEYS[1]; generation, the lowest lo that is wanted. Returns lo, hi, nonce as text, or nothing. */
export const POP_SCRIPT = `${RUN}
if kind ~= 'zset' then return nil end
local at = 0
while true do
  local found = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[2], '+inf', 'LIMIT', at, 1)[1]
  if not found then return nil end
  local block, foreign = look(found)
  if foreign then
    at = at + 1
  else
    redis.call('ZREM', KEYS[1], found)
    if block then return block end
  end
end
`

/** KEYS[1]; generation. */
export const COUNT_SCRIPT = `${RUN}
if kind ~= 'zset' then return 0 end
local count = 0
for _, found in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if look(found) then count = count + 1 end
end
return count
`

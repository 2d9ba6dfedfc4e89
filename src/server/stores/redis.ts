import type { SessionStore } from '../sessions.ts'

/**
 * Sends one command, and settles with its reply: `args => client.sendCommand(args)` of node-redis, or
 * `([name, ...args]) => client.call(name, ...args)` of ioredis.
 */
export type RedisCommand = (args: string[]) => Promise<unknown>

/** Compare and swap, in one step. The sessions of a user are a set, for the end of them all. */
const SWAP = `
local stored = redis.call('GET', KEYS[1])
local counter = stored and tostring(cjson.decode(stored).counter) or ''
if counter ~= ARGV[1] then return 0 end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
  redis.call('SREM', KEYS[2], ARGV[4])
else
  redis.call('SET', KEYS[1], ARGV[2], 'EXAT', ARGV[3])
  redis.call('SADD', KEYS[2], ARGV[4])
  if redis.call('EXPIRETIME', KEYS[2]) < tonumber(ARGV[3]) then redis.call('EXPIREAT', KEYS[2], ARGV[3]) end
end
return 1`

/**
 * Keeps sessions in Redis 7 or Valkey, which delete them by themselves once they have expired.
 * @param prefix of all keys; by default `refresh-worker`. In a cluster, a prefix in braces keeps the keys together
 */
export function redisStore(command: RedisCommand, prefix = 'refresh-worker'): SessionStore {
  const keyOf = (id: string) => `${prefix}:session:${id}`
  const userKeyOf = (sub: string) => `${prefix}:user:${sub}`
  const read: SessionStore['read'] = async id => {
    const text = await command(['GET', keyOf(id)])
    return typeof text === 'string' ? JSON.parse(text) : null
  }
  return {
    read,
    swap: async (id, counter, next) => {
      const sub = (next ?? (await read(id)))?.sub
      if (sub === undefined) return false
      const args = [
        counter === null ? '' : String(counter),
        next ? JSON.stringify(next) : '',
        String(next?.expiresAt ?? 0),
        id,
      ]
      return (await command(['EVAL', SWAP, '2', keyOf(id), userKeyOf(sub), ...args])) === 1
    },
    endAll: async sub => {
      const ids = await command(['SMEMBERS', userKeyOf(sub)])
      const keys = Array.isArray(ids) ? ids.map(id => keyOf(String(id))) : []
      await command(['DEL', ...keys, userKeyOf(sub)])
    },
  }
}

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { CountingKeys } from '../../test/fixtures/counting-keys.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { MemoryAuditSink } from '../adapters/memory/memory-audit-sink.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryKeyUseStore } from '../adapters/memory/memory-key-use-store.ts'
import { MemoryRandom } from '../adapters/memory/memory-random.ts'
import { IdgenError } from '../core/errors.ts'
import { AuditTrail } from './audit-trail.ts'
import {
  Authenticator,
  authorize,
  authorizeScopes,
  type Introduction,
  keyIdOf,
  sha256,
} from './authenticator.ts'
import { ManageKeys } from './manage-keys.ts'

const ACTOR = { actor: 'test', traceId: undefined }
const TTL_MS = 60_000

let clock: MemoryClock
let keys: CountingKeys
let authenticator: Authenticator
let manage: ManageKeys

beforeEach(() => {
  clock = new MemoryClock()
  keys = new CountingKeys(new MemoryCatalog(clock))
  authenticator = new Authenticator({
    keys,
    clock,
    enabled: true,
    adminKey: 'the-admin-key',
    cacheMaxEntries: 3,
    cacheTtlMs: TTL_MS,
    graceMs: 3_600_000,
  })
  const audit = new AuditTrail({
    sink: new MemoryAuditSink(),
    clock,
    log: SILENT,
    queueMax: 100,
    flushEveryMs: 1000,
  })
  manage = new ManageKeys({
    keys,
    uses: new MemoryKeyUseStore(),
    authenticator,
    audit,
    clock,
    random: new MemoryRandom(),
  })
})

function draft(change: object = {}) {
  return { name: 'shop', scopes: ['issue'] as const, within: '', expiresAt: undefined, ...change }
}

const introduced = async (text: string): Promise<Introduction> =>
  authenticator.introduction(text, await authenticator.authenticate(text))

function refuses(code: string) {
  return (error: unknown): boolean => error instanceof IdgenError && error.code === code
}

test('a made key is accepted, and the second time without asking the store', async () => {
  const { text, key } = await manage.create(ACTOR, draft({ scopes: ['issue', 'manage'] }))
  assert.equal(keyIdOf(text), key.id)
  const caller = await authenticator.authenticate(text)
  assert.deepEqual(caller, { keyId: key.id, scopes: ['issue', 'manage'], within: '' })
  assert.equal(authenticator.peek(text)?.keyId, key.id)
  assert.equal(keys.finds, 1)
})

test('the store holds the SHA-256 of the text and never the text', async () => {
  const { text, key } = await manage.create(ACTOR, draft())
  const stored = await keys.find(key.id)
  assert.deepEqual(Buffer.from(stored?.hash ?? []), sha256(text))
  assert.ok(!JSON.stringify(stored).includes(text))
})

test('wrong secrets, other forms and very long texts are refused alike', async () => {
  const { text } = await manage.create(ACTOR, draft())
  const wrong = `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`
  for (const bad of [wrong, 'idg_aaaaaaaaaaaa_short', 'x', '', undefined, 'x'.repeat(100_000), '__proto__'])
    await assert.rejects(authenticator.authenticate(bad), refuses('IDGEN_UNAUTHENTICATED'))
})

test('a wrong key is remembered too, so that guessing does not reach the store twice', async () => {
  const guess = `idg_aaaaaaaaaaaa_${'A'.repeat(43)}`
  await assert.rejects(authenticator.authenticate(guess), refuses('IDGEN_UNAUTHENTICATED'))
  await assert.rejects(authenticator.authenticate(guess), refuses('IDGEN_UNAUTHENTICATED'))
  assert.equal(keys.finds, 1)
})

test('a revoked key is refused here at once', async () => {
  const { text, key } = await manage.create(ACTOR, draft())
  await authenticator.authenticate(text)
  await manage.revoke(ACTOR, key.id)
  assert.equal(authenticator.peek(text), undefined)
  await assert.rejects(authenticator.authenticate(text), refuses('IDGEN_UNAUTHENTICATED'))
})

test('a key expires to the moment, also out of the cache', async () => {
  const { text } = await manage.create(ACTOR, draft({ expiresAt: new Date(clock.nowMs() + 1000) }))
  await authenticator.authenticate(text)
  clock.advance(999)
  assert.ok(authenticator.peek(text))
  clock.advance(1)
  assert.equal(authenticator.peek(text), undefined)
  await assert.rejects(authenticator.authenticate(text), refuses('IDGEN_UNAUTHENTICATED'))
})

test('what was remembered is asked again after its time, beside the request', async () => {
  const { text } = await manage.create(ACTOR, draft())
  await authenticator.authenticate(text)
  clock.advance(TTL_MS + 1)
  assert.ok(authenticator.peek(text))
  assert.ok(authenticator.peek(text))
  await settle()
  assert.equal(keys.finds, 2)
  assert.ok(authenticator.peek(text))
  assert.equal(keys.finds, 2)
})

test('a database that is away stops nobody who was let in before, for an hour', async () => {
  const { text } = await manage.create(ACTOR, draft())
  await authenticator.authenticate(text)
  keys.away = true
  clock.advance(TTL_MS + 1)
  assert.ok(authenticator.peek(text))
  await settle()
  clock.advance(3_500_000)
  assert.ok(authenticator.peek(text))
  await settle()
  clock.advance(200_000)
  assert.equal(authenticator.peek(text), undefined)
  await assert.rejects(authenticator.authenticate(text), refuses('IDGEN_STORE_UNAVAILABLE'))
})

test('a key that changed in the store while the cache was stale is refused after one more look', async () => {
  const { text, key } = await manage.create(ACTOR, draft())
  await authenticator.authenticate(text)
  await keys.revoke(key.id, new Date(clock.nowMs()))
  clock.advance(TTL_MS + 1)
  authenticator.peek(text)
  await settle()
  assert.equal(authenticator.peek(text), undefined)
})

test('a hundred first calls of one key ask the store once, and none waits for a database that hangs', async () => {
  const { text } = await manage.create(ACTOR, draft())
  await Promise.all(Array.from({ length: 100 }, () => authenticator.authenticate(text)))
  assert.equal(keys.finds, 1)
  const other = await manage.create(ACTOR, draft())
  keys.hangs = true
  const refused = assert.rejects(authenticator.authenticate(other.text), refuses('IDGEN_STORE_UNAVAILABLE'))
  clock.advance(1500)
  await refused
})

test('the cache is bounded: the oldest entry goes', async () => {
  const made = await Promise.all([1, 2, 3, 4].map(() => manage.create(ACTOR, draft())))
  for (const { text } of made) await authenticator.authenticate(text)
  assert.equal(authenticator.peek(made[0]?.text), undefined)
  assert.ok(authenticator.peek(made[3]?.text))
})

test('the admin key of the configuration has every scope', async () => {
  const caller = await authenticator.authenticate('the-admin-key')
  authorize(caller, 'manage', '')
  authorize(caller, 'audit', 'w/g/t')
  authorize(caller, 'issue', 'w/g/t')
})

test('a new admin key is valid at once, also where it was refused before, and the old one no longer', async () => {
  await authenticator.authenticate('the-admin-key')
  await assert.rejects(authenticator.authenticate('the-next-key'), refuses('IDGEN_UNAUTHENTICATED'))
  authenticator.configure({ adminKey: 'the-next-key' })
  assert.equal((await authenticator.authenticate('the-next-key')).keyId, 'admin')
  await assert.rejects(authenticator.authenticate('the-admin-key'), refuses('IDGEN_UNAUTHENTICATED'))
  authenticator.configure({ adminKey: '' })
  for (const text of ['the-next-key', ''])
    await assert.rejects(authenticator.authenticate(text), refuses('IDGEN_UNAUTHENTICATED'))
})

test('a configuration that keeps the admin key forgets nothing', async () => {
  const { text } = await manage.create(ACTOR, draft())
  await authenticator.authenticate(text)
  authenticator.configure({ adminKey: 'the-admin-key' })
  assert.notEqual(authenticator.peek(text), undefined)
})

test('switched off, everybody is let in', () => {
  const open = new Authenticator({
    keys,
    clock,
    enabled: false,
    adminKey: undefined,
    cacheMaxEntries: 1,
    cacheTtlMs: 1,
    graceMs: 0,
  })
  assert.equal(open.peek(undefined)?.keyId, 'anonymous')
})

test('a key limited to a group reaches its tags and nothing beside it', () => {
  const caller = { keyId: 'k', scopes: ['issue'] as const, within: 'w/g' }
  authorize(caller, 'issue', 'w/g/t')
  authorize(caller, 'issue', 'w/g')
  for (const outside of ['w/g2/t', 'w', '', 'w/gg', 'x/g/t'])
    assert.throws(() => authorize(caller, 'issue', outside), refuses('IDGEN_FORBIDDEN'))
  assert.throws(() => authorize(caller, 'manage', 'w/g/t'), refuses('IDGEN_FORBIDDEN'))
})

test('a key gives on only scopes it has, and the right to issue', () => {
  const manager = { keyId: 'k', scopes: ['manage'] as const, within: '' }
  authorizeScopes(manager, ['issue', 'manage'])
  assert.throws(() => authorizeScopes(manager, ['issue', 'audit']), refuses('IDGEN_FORBIDDEN'))
  authorizeScopes({ ...manager, scopes: ['manage', 'audit'] }, ['audit'])
})

test('faulty drafts are refused with every fault and nothing is stored', async () => {
  const bad = manage.create(ACTOR, draft({ name: ' ', scopes: ['rule'], expiresAt: new Date(0) }))
  await assert.rejects(bad, (error: unknown) => {
    assert.ok(error instanceof IdgenError)
    assert.deepEqual(error.faults.map(({ path }) => path).sort(), ['/expiresAt', '/name', '/scopes'])
    return true
  })
  await assert.rejects(manage.create(ACTOR, draft({ within: 'a/b/c/d' })), refuses('IDGEN_REQUEST_INVALID'))
  await assert.rejects(manage.create(ACTOR, draft({ within: 'A' })), refuses('IDGEN_NAME_INVALID'))
  assert.equal((await keys.list({ after: undefined, limit: 10 }, '')).items.length, 0)
})

test('unknown keys can be neither found nor revoked', async () => {
  await assert.rejects(manage.find('nothing'), refuses('IDGEN_KEY_NOT_FOUND'))
  await assert.rejects(manage.revoke(ACTOR, 'nothing'), refuses('IDGEN_KEY_NOT_FOUND'))
})

test('a key is introduced with the time it may be remembered, its own end at the latest', async () => {
  const nowMs = clock.nowMs()
  const { text } = await manage.create(ACTOR, draft())
  assert.equal((await introduced(text)).untilMs, nowMs + TTL_MS)
  const short = await manage.create(ACTOR, draft({ expiresAt: new Date(nowMs + 5000) }))
  assert.equal((await introduced(short.text)).untilMs, nowMs + 5000)
  await assert.rejects(introduced('idg_nobody'), refuses('IDGEN_UNAUTHENTICATED'))
})

test('a key revoked while it was looked up is introduced for one request only', async () => {
  const { text, key } = await manage.create(ACTOR, draft())
  const answer = introduced(text)
  authenticator.forget(key.id)
  assert.equal((await answer).untilMs, 0)
})

test('a key is remembered though news of others come while it is looked up', async () => {
  const { text, key } = await manage.create(ACTOR, draft())
  const answer = introduced(text)
  authenticator.forget('bbbbbbbbbbbb')
  assert.ok((await answer).untilMs > 0)
  assert.equal(authenticator.peek(text)?.keyId, key.id)
})

test('who remembers keys is told of each that is forgotten, until he no longer follows', async () => {
  const forgotten: (string | undefined)[] = []
  const { text, key } = await manage.create(ACTOR, draft())
  const end = authenticator.follow((keyId) => void forgotten.push(keyId))
  await authenticator.authenticate(text)
  await manage.revoke(ACTOR, key.id)
  authenticator.configure({ adminKey: 'another' })
  assert.deepEqual(forgotten, [key.id, undefined])
  end()
  authenticator.forgetAll()
  assert.equal(forgotten.length, 2)
})

test('a hundred keys at once are all accepted, with at most 16 questions to the store at a time', async () => {
  const texts: string[] = []
  for (let i = 0; i < 100; i += 1) texts.push((await manage.create(ACTOR, draft())).text)
  const looks = recordedLooks()
  const callers = await Promise.all(texts.map((text) => authenticator.authenticate(text)))
  assert.equal(new Set(callers.map(({ keyId }) => keyId)).size, 100)
  assert.deepEqual(looks, { most: 16, now: 0 })
})

test('look-ups that a revocation made worthless count until they end', async () => {
  keys.hangs = true
  for (let i = 0; i < 10; i += 1) {
    for (let k = 0; k < 100; k += 1) authenticator.authenticate(guessed(100 * i + k)).catch(() => undefined)
    authenticator.forget('aaaaaaaaaaaa')
  }
  assert.equal(keys.finds, 16)
  await assert.rejects(authenticator.authenticate(guessed(1000)), refuses('IDGEN_OVERLOADED'))
  clock.advance(2000)
  await settle()
})

/** Of the form of a key, so that the store is asked. */
function guessed(number: number): string {
  return `idg_aaaaaaaaaaaa_${String(number).padStart(43, 'A')}`
}

/** How many look-ups the store has at once. */
function recordedLooks(): { most: number; now: number } {
  const looks = { most: 0, now: 0 }
  const find = keys.find.bind(keys)
  keys.find = async (id) => {
    looks.now += 1
    looks.most = Math.max(looks.most, looks.now)
    await settle()
    looks.now -= 1
    return await find(id)
  }
  return looks
}

test('a rotated key is accepted with both secrets until the one before is over, and from then on with the new one', async () => {
  const { text: before, key } = await manage.create(ACTOR, draft())
  await authenticator.authenticate(before)
  const { text: now } = await manage.rotate(ACTOR, key.id, { keepPreviousMs: 5000 }, () => {})
  assert.notEqual(now, before)
  for (const text of [before, now]) assert.equal((await authenticator.authenticate(text)).keyId, key.id)
  const { untilMs } = await introduced(before)
  assert.equal(untilMs, clock.nowMs() + 5000, 'a protocol thread remembers it no longer than that')
  clock.advance(4999)
  assert.equal(authenticator.peek(before)?.keyId, key.id)
  clock.advance(1)
  assert.equal(authenticator.peek(before), undefined)
  await assert.rejects(authenticator.authenticate(before), refuses('IDGEN_UNAUTHENTICATED'))
  assert.equal(authenticator.peek(now)?.keyId, key.id)
})

test('a secret ends at once where it is to be kept for no time, and where a second rotation follows', async () => {
  const { text: first, key } = await manage.create(ACTOR, draft())
  const { text: second } = await manage.rotate(ACTOR, key.id, { keepPreviousMs: 0 }, () => {})
  await assert.rejects(authenticator.authenticate(first), refuses('IDGEN_UNAUTHENTICATED'))
  const { text: third } = await manage.rotate(ACTOR, key.id, {}, () => {})
  const rotation = manage.rotate(ACTOR, key.id, {}, () => {})
  await assert.rejects(rotation, refuses('IDGEN_KEY_ROTATING'), 'a repeat ends nothing')
  for (const text of [second, third]) await authenticator.authenticate(text)
  const { text: fourth } = await manage.rotate(ACTOR, key.id, { ends: 'oldest' }, () => {})
  await assert.rejects(authenticator.authenticate(second), refuses('IDGEN_UNAUTHENTICATED'))
  for (const text of [third, fourth]) await authenticator.authenticate(text)
  await manage.revoke(ACTOR, key.id)
  for (const text of [third, fourth])
    await assert.rejects(authenticator.authenticate(text), refuses('IDGEN_UNAUTHENTICATED'))
  for (const keepPreviousMs of [-1, 0.5, Number.NaN, 7_776_000_001])
    await assert.rejects(
      manage.rotate(ACTOR, key.id, { keepPreviousMs }, () => {}),
      refuses('IDGEN_REQUEST_INVALID'),
    )
})

test('the last use of a key is told once, whether it is still remembered, was forgotten or was pushed out', async () => {
  const made = []
  for (let i = 0; i < 5; i += 1) made.push(await manage.create(ACTOR, draft()))
  for (const { text } of made) await authenticator.authenticate(text)
  const atMs = clock.nowMs()
  const [, , , gone] = made
  authenticator.forget(gone?.key.id ?? '')
  assert.deepEqual(authenticator.takeUses(), new Map(made.map(({ key }) => [key.id, atMs])))
  assert.equal(authenticator.takeUses().size, 0)
  clock.advance(10)
  authenticator.peek(made[4]?.text)
  authenticator.noteUse('cccccccccccc')
  await assert.rejects(authenticator.authenticate(`idg_${gone?.key.id}_${'x'.repeat(43)}`))
  assert.deepEqual(
    authenticator.takeUses(),
    new Map([
      ['cccccccccccc', atMs + 10],
      [made[4]?.key.id, atMs + 10],
    ]),
    'a wrong secret is no use of the key',
  )
})

test('a flood of wrong keys drives no good one out of the cache', async () => {
  const { text } = await manage.create(ACTOR, draft())
  await authenticator.authenticate(text)
  for (let i = 100; i < 150; i += 1)
    await assert.rejects(authenticator.authenticate(`idg_a${i}bbbbbbbb_${'0'.repeat(43)}`))
  assert.notEqual(authenticator.peek(text), undefined)
})

test('guessing at the secret of a key asks the store once a second, and locks its owner not out', async () => {
  const { text, key } = await manage.create(ACTOR, draft())
  for (let i = 0; i < 50; i += 1)
    await assert.rejects(authenticator.authenticate(`idg_${key.id}_${String(i).padStart(43, '0')}`))
  assert.equal(keys.finds, 1)
  assert.equal((await authenticator.authenticate(text)).keyId, key.id)
  await manage.revoke(ACTOR, key.id)
  await assert.rejects(authenticator.authenticate(text))
})

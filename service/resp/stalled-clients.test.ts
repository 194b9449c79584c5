import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { StalledClients } from './stalled-clients.ts'

const TIMEOUT_MS = 1000
const KNOWN_MAX = 67_108_864
const THIRD = KNOWN_MAX / 3

class Desk {
  readonly clock = new MemoryClock()
  readonly clients = new StalledClients(this.clock, TIMEOUT_MS)
  /** Names of those cut off, in order. */
  readonly cut: string[] = []

  client(name: string, keyId: string | undefined = 'k1', address = '192.0.2.1') {
    const client = this.clients.client(() => {
      this.cut.push(name)
      client.end()
    })
    return {
      stall: (bytes = THIRD) => client.begin(bytes, { keyId, address }),
      read: () => client.end(),
    }
  }

  /** A moment later. */
  later(ms = 100): void {
    this.clock.advance(ms)
  }
}

describe('a client that does not read', () => {
  test('is cut off after the time limit, and not where it has read by then', () => {
    const desk = new Desk()
    const [slow, dead] = [desk.client('slow'), desk.client('dead')]
    slow.stall()
    dead.stall()
    desk.later(TIMEOUT_MS - 1)
    slow.read()
    desk.later(1)
    assert.deepEqual(desk.cut, ['dead'])
    assert.equal(desk.clock.pending, 0)
  })

  test('goes before a newcomer of its key and address, however often the newcomer was slow long ago', () => {
    const desk = new Desk()
    const [polite, longest, newest] = [desk.client('polite'), desk.client('longest'), desk.client('newest')]
    polite.stall()
    polite.read()
    desk.later(TIMEOUT_MS + 1)
    longest.stall()
    desk.later()
    polite.stall()
    newest.stall()
    assert.deepEqual(desk.cut, [])
    desk.client('one more').stall(1)
    assert.deepEqual(desk.cut, ['longest'])
  })

  test('and reads a little now and then does not count as new each time it stops', () => {
    const desk = new Desk()
    const [sly, slow] = [desk.client('sly'), desk.client('slow')]
    sly.stall()
    desk.later()
    slow.stall()
    for (let i = 0; i < 3; i += 1) {
      sly.read()
      desk.later()
      sly.stall()
      desk.later()
    }
    desk.client('newest').stall(THIRD + 1)
    assert.deepEqual(desk.cut, ['sly'])
  })

  test('goes for others of its key, before who stalled longer with one that holds less', () => {
    const desk = new Desk()
    desk.client('slow', 'k1').stall(100)
    for (const name of ['first', 'second', 'third']) {
      desk.later()
      desk.client(name, 'k2').stall()
    }
    assert.deepEqual(desk.cut, ['first'])
  })

  test('goes for others of its address where the whole company has one key', () => {
    const desk = new Desk()
    desk.client('slow', 'k1', '192.0.2.1').stall(100)
    for (const name of ['first', 'second', 'third']) {
      desk.later()
      desk.client(name, 'k1', '192.0.2.2').stall()
    }
    assert.deepEqual(desk.cut, ['first'])
  })

  test('goes for others of its address who have several keys, before who holds more with the only one', () => {
    const desk = new Desk()
    for (let at = 0; at < 20; at += 1) desk.client('honest', 'k1', '192.0.2.1').stall(1_000_000)
    for (let at = 0; at < 60; at += 1) {
      desk.later(1)
      desk.client('attacker', `a${at % 3}`, '192.0.2.2').stall(1_000_000)
    }
    assert.deepEqual([...new Set(desk.cut)], ['attacker'])
  })

  test('goes for others of its key who have several addresses, before who holds more at the only one', () => {
    const desk = new Desk()
    for (let at = 0; at < 20; at += 1) desk.client('honest', 'k1', '192.0.2.1').stall(1_000_000)
    for (let at = 0; at < 60; at += 1) {
      desk.later(1)
      desk.client('attacker', 'a', `198.51.100.${at % 3}`).stall(1_000_000)
    }
    assert.deepEqual([...new Set(desk.cut)], ['attacker'])
  })

  test('goes of the key that holds most where an address holds more than any key', () => {
    const desk = new Desk()
    desk.client('other key', 'k2', '192.0.2.1').stall(THIRD)
    desk.later()
    desk.client('other address', 'k1', '192.0.2.2').stall(THIRD / 2)
    desk.later()
    desk.client('most', 'k1', '192.0.2.1').stall(THIRD)
    desk.later()
    desk.client('last', 'k1', '192.0.2.1').stall(THIRD)
    assert.deepEqual(desk.cut, ['most'])
  })

  test('goes of the key where an address holds as much: behind that may be a whole company', () => {
    const desk = new Desk()
    desk.client('one of many', 'k2', '192.0.2.3').stall(20_000_000)
    desk.client('another of many', 'k3', '192.0.2.3').stall(20_000_000)
    desk.client('first', 'k1', '192.0.2.1').stall(20_000_000)
    desk.client('second', 'k1', '192.0.2.2').stall(20_000_000)
    assert.deepEqual(desk.cut, ['first'])
  })

  test('and has no key takes no room of those who have one', () => {
    const desk = new Desk()
    desk.client('known').stall(KNOWN_MAX)
    for (const name of ['first', 'second', 'third']) {
      desk.later()
      desk.clients.client(() => desk.cut.push(name)).begin(4_000_000, { keyId: undefined, address: 'a' })
    }
    assert.deepEqual(desk.cut, ['first'])
  })

  test('gives its room back when it has read', () => {
    const desk = new Desk()
    const slow = desk.client('slow')
    for (let i = 0; i < 5; i += 1) {
      slow.stall(KNOWN_MAX)
      slow.read()
    }
    assert.deepEqual(desk.cut, [])
  })
})

import type { Prng } from '../simulation/world/prng.ts'

/** `bytes` with some faults, as a broken or malicious client would make them. Now and then none. */
export function mutated(bytes: Uint8Array, chance: Prng): Buffer {
  let all = Buffer.from(bytes)
  for (let faults = chance.int(0, FAULTS_MAX); faults > 0; faults -= 1)
    all = Buffer.from((chance.pick(FAULTS) ?? flipped)(all, chance))
  return all
}

/** A few at a time: with many nothing valid is left, and all ends at the first check. */
const FAULTS_MAX = 3

type Fault = (bytes: Buffer, chance: Prng) => Uint8Array

const flipped: Fault = (bytes, chance) => {
  if (bytes.length === 0) return bytes
  const at = chance.int(0, bytes.length - 1)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.int(0, 7))
  return bytes
}

const replaced: Fault = (bytes, chance) => {
  if (bytes.length > 0) bytes[chance.int(0, bytes.length - 1)] = chance.pick(EDGE_BYTES) ?? 0
  return bytes
}

const cut: Fault = (bytes, chance) => bytes.subarray(0, chance.int(0, bytes.length))

const removed: Fault = (bytes, chance) => {
  const from = chance.int(0, bytes.length)
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(chance.int(from, bytes.length))])
}

const repeated: Fault = (bytes, chance) => {
  const from = chance.int(0, bytes.length)
  const to = chance.int(from, bytes.length)
  return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)])
}

const inserted: Fault = (bytes, chance) => {
  const at = chance.int(0, bytes.length)
  return Buffer.concat([bytes.subarray(0, at), garbage(chance, LONGEST_INSERTED), bytes.subarray(at)])
}

const FAULTS: readonly Fault[] = [flipped, flipped, replaced, cut, removed, repeated, inserted]
const LONGEST_INSERTED = 64
/** Where readers of numbers, lengths and texts change their minds. */
const EDGE_BYTES = [0, 1, 10, 13, 32, 36, 42, 45, 48, 57, 0x7f, 0x80, 0xc0, 0xff]

export function garbage(chance: Prng, longest: number): Buffer {
  const bytes = Buffer.alloc(chance.int(0, longest))
  chance.fill(bytes)
  return bytes
}

/** Cut into pieces, each of which is one write: at any place, single bytes too. */
export function pieces(bytes: Buffer, chance: Prng): Buffer[] {
  const cuts = Array.from({ length: chance.int(0, PIECES_MAX) }, () => chance.int(0, bytes.length))
  const ends = [...cuts.sort((a, b) => a - b), bytes.length]
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end)).filter(({ length }) => length > 0)
}

const PIECES_MAX = 6

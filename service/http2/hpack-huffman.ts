import { HpackError } from './hpack-error.ts'

/**
 * The code of RFC 7541 Appendix B. It is canonical: the codes follow from their lengths, in the order of length and then
 * of symbol. Decoded four bits at a time; the shortest code has five, so a step gives at most one symbol.
 *
 *     state (a node of the code's tree) × 4 bits ──▶ NEXT: state or FAIL, SYMBOL: 0 or symbol + 1
 */
export class HuffmanDecoder {
  /** @throws HpackError at a code that ends within a symbol other than as padding, or at the end-of-string code */
  decode(bytes: Uint8Array, start: number, end: number): string {
    const longest = Math.ceil(((end - start) * 8) / SHORTEST_BITS)
    if (longest > scratch.length) scratch = Buffer.allocUnsafeSlow(2 * longest)
    let length = 0
    let state = 0
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at] ?? 0
      for (const nibble of [byte >> 4, byte & 15]) {
        const step = state * 16 + nibble
        const symbol = SYMBOL[step] ?? 0
        if (symbol > 0) {
          scratch[length] = symbol - 1
          length += 1
        }
        state = NEXT[step] ?? FAIL
        if (state === FAIL) throw new HpackError('a code that stands for no character')
      }
    }
    if (!PADDING.has(state)) throw new HpackError('a code that is cut off')
    return scratch.toString('latin1', 0, length)
  }
}

/** One for all connections, as a large one for each would be kept as long as they are; a text is copied out of it. */
let scratch = Buffer.allocUnsafeSlow(256)

// biome-ignore format: the table as in the RFC, 16 symbols a line
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
]
const END_OF_STRING = 256
const END_OF_STRING_BITS = 30
const SHORTEST_BITS = 5
const FAIL = 0xffff
/** Padding is shorter than a byte and all ones: the start of the end-of-string code. */
const PADDING_BITS_MAX = 7

/** A node has the numbers of its children, or ~symbol where a code ends. */
const TREE = codeTree()
const { NEXT, SYMBOL } = stepTables(TREE)
const PADDING = paddingStates(TREE)

type Tree = [zero: number, one: number][]

function codeTree(): Tree {
  const tree: Tree = [[0, 0]]
  const bitsOf = (symbol: number): number => LENGTHS[symbol] ?? END_OF_STRING_BITS
  const symbols = Array.from({ length: END_OF_STRING + 1 }, (_, symbol) => symbol)
  symbols.sort((a, b) => bitsOf(a) - bitsOf(b) || a - b)
  let code = 0
  let bits = SHORTEST_BITS
  for (const symbol of symbols) {
    code <<= bitsOf(symbol) - bits
    bits = bitsOf(symbol)
    addCode(tree, code, bits, symbol)
    code += 1
  }
  return tree
}

function addCode(tree: Tree, code: number, bits: number, symbol: number): void {
  let node = 0
  for (let bit = bits - 1; bit > 0; bit -= 1) {
    const side = ((code >> bit) & 1) as 0 | 1
    const children = tree[node] ?? [0, 0]
    if (children[side] === 0) children[side] = tree.push([0, 0]) - 1
    node = children[side]
  }
  const last = tree[node] ?? [0, 0]
  last[(code & 1) as 0 | 1] = ~symbol
}

function stepTables(tree: Tree): { NEXT: Uint16Array; SYMBOL: Uint16Array } {
  const next = new Uint16Array(tree.length * 16)
  const emitted = new Uint16Array(tree.length * 16)
  for (let state = 0; state < tree.length; state += 1)
    for (let nibble = 0; nibble < 16; nibble += 1) {
      let node = state
      for (let bit = 3; bit >= 0; bit -= 1) {
        const child = tree[node]?.[((nibble >> bit) & 1) as 0 | 1] ?? 0
        if (child < 0) emitted[state * 16 + nibble] = ~child + 1
        node = child < 0 ? 0 : child
      }
      const isEnd = emitted[state * 16 + nibble] === END_OF_STRING + 1
      next[state * 16 + nibble] = isEnd ? FAIL : node
    }
  return { NEXT: next, SYMBOL: emitted }
}

function paddingStates(tree: Tree): ReadonlySet<number> {
  const states = new Set([0])
  let node = 0
  for (let bits = 1; bits <= PADDING_BITS_MAX; bits += 1) {
    node = tree[node]?.[1] ?? 0
    states.add(node)
  }
  return states
}

import { type BenchResult, figure, type Row } from '../bench/bench-result.ts'

/**
 * What asks of gRPC, in words with the figures that were measured: with how many callers it holds, and where one alone
 * stands. undefined: the bench of gRPC was not run in its long form.
 */
export function grpcLatencyText(results: readonly BenchResult[]): string | undefined {
  const grpc = results.find(({ bench, form }) => bench === 'grpc' && form !== 'short')
  const find = (pattern: RegExp): Row | undefined => grpc?.rows.find(({ what }) => pattern.test(what))
  const many = callsAndStream(find, 'latency of \\d+ callers')
  const alone = callsAndStream(find, 'latency of one caller')
  const library = callsAndStream(find, "one caller with Node's library")
  const bare = find(/^bare node:http, latency of one caller\b/)
  if (many === undefined || alone === undefined || library === undefined || bare === undefined)
    return undefined
  const steady = callsAndStream(find, 'p50 of an open loop .* beside idgen HTTP')
  const callers = /latency of (\d+) callers/.exec(many.calls.what)?.[1] ?? ''
  return [
    `**gRPC's latency beside HTTP's.** R-1.4.2 asks for ${ASKED} % less. With ${callers} callers at once ${verdict(many)}: ${both(many)}.`,
    `With one caller alone ${verdict(alone)}: ${both(alone)}. Nearly all of that is the way through two sockets, which HTTP takes as well (bare node:http, which does nothing, takes ${beside(bare)}).`,
    ...(steady === undefined
      ? []
      : [
          `At a steady rate far below what either can do the same way is nearly all as well: unary calls take ${beside(steady.calls)} (p50, with a client that spends more on a call than the server), a stream ${beside(steady.stream)}.`,
        ]),
    `Under Node's own client libraries, whose time is then most of it, one caller sees ${beside(library.calls)} with unary calls and ${beside(library.stream)} on a stream.`,
  ].join(' ')
}

interface CallsAndStream {
  readonly calls: Row
  readonly stream: Row
}

function callsAndStream(
  find: (pattern: RegExp) => Row | undefined,
  latency: string,
): CallsAndStream | undefined {
  const calls = find(new RegExp(`^unary, ${latency}\\b`))
  const stream = find(new RegExp(`^stream, ${latency}\\b`))
  return calls === undefined || stream === undefined ? undefined : { calls, stream }
}

function verdict({ calls, stream }: CallsAndStream): string {
  const [unary, streamed] = [calls, stream].map((row) => ratioOf(row) <= 1 - ASKED / 100)
  if (unary === streamed) return unary === true ? 'it holds' : 'it does **not** hold'
  return unary === true ? 'it holds for unary calls only' : 'it holds on a stream only'
}

function both({ calls, stream }: CallsAndStream): string {
  const [ours, floor] = [calls.value, calls.floor?.value ?? Number.NaN].map(figure)
  return `unary calls take ${beside(calls)} (${ours} ${calls.unit} where HTTP takes ${floor}), a stream ${beside(stream)}`
}

/** "57 % less". */
function beside(row: Row): string {
  const percent = Math.round((1 - ratioOf(row)) * 100)
  return percent < 0 ? `${-percent} % more` : `${percent} % less`
}

function ratioOf({ ratio = Number.NaN }: Row): number {
  return ratio
}

const ASKED = 30

import { type DestinationStream, type LevelWithSilent, type Logger, pino, stdTimeFunctions } from 'pino'
import { cleanLine } from '../../core/clean-line.ts'
import type { Log } from '../../ports/log.ts'
import { LOG_EVENTS, type LogText } from '../../ports/log-events.ts'
import type { Tracer } from '../../ports/tracer.ts'

/**
 * Structured JSON lines on standard output, each with the name of its event. Fields that could hold a secret
 * are replaced wherever they appear, and secrets inside texts too, so that a careless line does not become a leak.
 */
export class PinoLog implements Log {
  readonly #pino: Logger
  #tracer: Tracer | undefined

  constructor(level: LevelWithSilent, base: object, destination?: DestinationStream) {
    const options = {
      level,
      base,
      timestamp: stdTimeFunctions.isoTime,
      mixin: () => this.#traceFields(),
      formatters: { level: (label: string) => ({ level: label }) },
      serializers: { err: plainError },
      redact: { paths: SECRET_PATHS, censor: '[hidden]' },
      hooks: { streamWrite: cleanLine },
    }
    this.#pino = destination === undefined ? pino(options) : pino(options, destination)
  }

  /** From now on lines that are written within a traced call name its trace. */
  follow(tracer: Tracer): void {
    this.#tracer = tracer
  }

  #traceFields(): object {
    const span = this.#tracer?.active()
    return span === undefined ? {} : { traceId: span.traceId, spanId: span.spanId }
  }

  /** Takes effect with the next line. */
  setLevel(level: LevelWithSilent): void {
    this.#pino.level = level
  }

  get debugs(): boolean {
    return this.#pino.isLevelEnabled('debug')
  }

  debug(fields: object, text: LogText): void {
    if (this.#pino.isLevelEnabled('debug')) this.#pino.debug(named(fields, text), text)
  }

  info(fields: object, text: LogText): void {
    if (this.#pino.isLevelEnabled('info')) this.#pino.info(named(fields, text), text)
  }

  warn(fields: object, text: LogText): void {
    if (this.#pino.isLevelEnabled('warn')) this.#pino.warn(named(fields, text), text)
  }

  error(fields: object, text: LogText): void {
    if (this.#pino.isLevelEnabled('error')) this.#pino.error(named(fields, text), text)
  }

  /** Writes what is buffered; called last at shutdown. */
  flush(): void {
    this.#pino.flush()
  }
}

/** First, where a person who reads the line meets it. */
function named(fields: object, text: LogText): object {
  return { event: LOG_EVENTS[text].event, ...fields }
}

/**
 * Only what people need of an error. Errors of libraries carry whole connections with their settings, which fill
 * the log and may hold what must not be in it.
 */
function plainError(thrown: unknown, depth = 0): unknown {
  if (!(thrown instanceof Error)) return String(thrown)
  const { name, message, stack } = thrown
  const code = 'code' in thrown ? thrown.code : undefined
  const cause =
    thrown.cause === undefined || depth >= CAUSES_MAX ? undefined : plainError(thrown.cause, depth + 1)
  return { type: name, message, code, stack, cause }
}

/** Errors wrap each other once per layer; a longer chain is a loop. */
const CAUSES_MAX = 4

const SECRET_NAMES = ['password', 'secret', 'token', 'authorization', 'cookie', 'adminKey', 'keyText']
const SECRET_PATHS = SECRET_NAMES.flatMap((name) => [name, `*.${name}`])

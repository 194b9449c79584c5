import { type DestinationStream, type LevelWithSilent, type Logger, pino, stdTimeFunctions } from 'pino'
import type { Log } from '../../ports/log.ts'

/**
 * Structured JSON lines on standard output. Fields that could hold a secret are replaced wherever they
 * appear, so that a careless log line does not become a leak.
 */
export class PinoLog implements Log {
  readonly #pino: Logger

  constructor(level: LevelWithSilent, base: object, destination?: DestinationStream) {
    const options = {
      level,
      base,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label: string) => ({ level: label }) },
      redact: { paths: SECRET_PATHS, censor: '[hidden]' },
    }
    this.#pino = destination === undefined ? pino(options) : pino(options, destination)
  }

  /** Takes effect with the next line. */
  setLevel(level: LevelWithSilent): void {
    this.#pino.level = level
  }

  debug(fields: object, text: string): void {
    this.#pino.debug(fields, text)
  }

  info(fields: object, text: string): void {
    this.#pino.info(fields, text)
  }

  warn(fields: object, text: string): void {
    this.#pino.warn(fields, text)
  }

  error(fields: object, text: string): void {
    this.#pino.error(fields, text)
  }

  /** Writes what is buffered; called last at shutdown. */
  flush(): void {
    this.#pino.flush()
  }
}

const SECRET_PATHS = [
  'password',
  'secret',
  'authorization',
  'adminKey',
  'keyText',
  '*.password',
  '*.secret',
  '*.adminKey',
]

import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino'
import { cleanLine } from './clean-line.ts'
import { plainError } from './plain-error.ts'
import { OPERATOR_EVENTS, type OperatorLog, type OperatorLogText } from './reconcile/operator-log.ts'
import type { LogLevel } from './runtime/runtime-log.ts'

/**
 * JSON lines on standard output, each with the name of its event (docs/logs.md). Secrets are hidden as in the log of the
 * service: the operator has database URLs, admin keys and passwords of mail servers in its hands.
 */
export function pinoOperatorLog(level: LogLevel, pod: string, destination?: DestinationStream): OperatorLog {
  const options = {
    level,
    base: { pod },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: plainError },
    redact: { paths: SECRET_PATHS, censor: '[hidden]' },
    hooks: { streamWrite: cleanLine },
  }
  const log: Logger = destination === undefined ? pino(options) : pino(options, destination)
  return {
    debug: (fields, text) => log.debug(named(fields, text), text),
    info: (fields, text) => log.info(named(fields, text), text),
    warn: (fields, text) => log.warn(named(fields, text), text),
    error: (fields, text) => log.error(named(fields, text), text),
  }
}

/** First, where a person who reads the line meets it. */
function named(fields: object, text: OperatorLogText): object {
  return { event: OPERATOR_EVENTS[text].event, ...fields }
}

const SECRET_NAMES = ['password', 'secret', 'token', 'authorization', 'cookie', 'adminKey', 'keyText']
const SECRET_PATHS = [...SECRET_NAMES, 'data', 'stringData'].flatMap((name) => [name, `*.${name}`])

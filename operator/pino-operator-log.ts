import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino'
import { OPERATOR_EVENTS, type OperatorLog, type OperatorLogText } from './reconcile/operator-log.ts'
import type { LogLevel } from './runtime/runtime-log.ts'

/** JSON lines on standard output, each with the name of its event (docs/logs.md). */
export function pinoOperatorLog(level: LogLevel, pod: string, destination?: DestinationStream): OperatorLog {
  const options = {
    level,
    base: { pod },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
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

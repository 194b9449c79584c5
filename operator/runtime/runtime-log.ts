/** Lines of a log by their text, which is written where it happens: here it has a name that stays when it is worded better. */
export type LogEvents = Readonly<Record<string, LogEvent>>

export interface LogEvent {
  /** As area and what happened: `leader.lost`. */
  readonly event: string
  readonly levels: readonly LogLevel[]
  /** What goes with it. */
  readonly fields: readonly string[]
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** One structured line per call, of these events only. `fields` come first so that the text stays constant and can be searched for. */
export interface EventLog<Events extends LogEvents> {
  debug(...line: Line<Events, 'debug'>): void
  info(...line: Line<Events, 'info'>): void
  warn(...line: Line<Events, 'warn'>): void
  error(...line: Line<Events, 'error'>): void
}

/** Not generic methods: a log of more events can then be given where fewer are written. */
type Line<Events extends LogEvents, Level extends LogLevel> = {
  [Text in keyof Events & string]: Level extends Events[Text]['levels'][number]
    ? [fields: Readonly<Record<Events[Text]['fields'][number], unknown>>, text: Text]
    : never
}[keyof Events & string]

/** `cert`: the file it is from. */
const CERTIFICATE = ['cert', 'subject', 'names', 'validTo', 'sha256'] as const

/** What the runtime itself tells. */
export const RUNTIME_EVENTS = {
  'this process leads': event('leader.gained', 'info', 'identity'),
  'leadership was lost': event('leader.lost', 'error', 'identity'),
  'leadership was given back': event('leader.given-back', 'info', 'identity'),
  'leadership could not be given back; the next leader waits for its end': event(
    'leader.not-given-back',
    'warn',
    'err',
    'identity',
  ),
  'the lease could not be written': event('leader.lease-unwritten', ['warn', 'debug'], 'err', 'identity'),
  'reconcile failed and is tried again': event(
    'reconcile.failed',
    'warn',
    'controller',
    'key',
    'failures',
    'err',
  ),
  'reconcile failed for good until the object changes': event(
    'reconcile.failed-for-good',
    'error',
    'controller',
    'key',
    'err',
  ),
  'an event could not be written': event('kubernetes.event-unwritten', 'warn', 'err', 'reason', 'note'),
  'certificate of the status port in use': event('certificate.in-use', 'info', ...CERTIFICATE),
  'the certificate of the status port has expired: Prometheus will refuse it': event(
    'certificate.expired',
    'error',
    ...CERTIFICATE,
  ),
  'new certificate of the status port refused, the last good one stays': event(
    'status.certificate-refused',
    'error',
    'cert',
    'key',
    'fault',
  ),
} as const

export type RuntimeLog = EventLog<typeof RUNTIME_EVENTS>

export function event<
  const Name extends string,
  const Level extends LogLevel,
  const Fields extends readonly string[],
>(name: Name, levels: Level | readonly Level[], ...fields: Fields) {
  const list: readonly Level[] = typeof levels === 'string' ? [levels] : levels
  return { event: name, levels: list, fields } as const
}

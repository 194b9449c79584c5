import { type EventLog, event, RUNTIME_EVENTS } from '../runtime/runtime-log.ts'

/** Every line that the operator writes; docs/logs.md is made from this and scripts/operator-log-advice.ts. */
export const OPERATOR_EVENTS = {
  'the operator started': event('operator.started', 'info', 'port', 'identity', 'namespace', 'lease'),
  'the operator ended': event('operator.ended', 'info', 'end'),
  ...RUNTIME_EVENTS,
  listed: event('cache.listed', 'debug', 'kind', 'count'),
  'a cache lost its server': event('cache.lost', 'warn', 'kind', 'what', 'retryInMs', 'err'),
  'which kinds the cluster has could not be read': event('cluster.kinds-unread', 'warn', 'err'),
  'somebody else had changed what the operator sets; it was set back': event(
    'generator.set-back',
    'warn',
    'err',
    'key',
    'kind',
  ),
  'an IdGenerator changed while it was decided about': event(
    'generator.changed-meanwhile',
    'debug',
    'err',
    'key',
  ),
  'a canary could not be looked at': event('canary.unseen', 'error', 'err', 'key'),
  'the admin key of an IdGenerator may not list its tags: what they use is not followed, and a database that lost data is not noticed':
    event('generator.admin-key-narrow', 'warn', 'err', 'key'),
  'a BizTag changed while it was decided about': event('biztag.changed-meanwhile', 'debug', 'err', 'key'),
} as const

export type OperatorLog = EventLog<typeof OPERATOR_EVENTS>
export type OperatorLogText = keyof typeof OPERATOR_EVENTS
export type OperatorLogEvent = (typeof OPERATOR_EVENTS)[OperatorLogText]['event']

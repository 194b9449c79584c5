import type { FastifyInstance } from 'fastify'
import { authorize } from '../app/authenticator.ts'
import type { Alert, RecordAlerts } from '../app/record-alerts.ts'
import { NO_QUERY } from './entity-operations.ts'
import { COMMON_CODES, problemResponses } from './problem.ts'
import { actorOf, callerOf } from './request-state.ts'

interface AlertMessage {
  readonly alerts: readonly Alert[]
}

/** Where Alertmanager sends its webhook: every alert it tells of goes to the audit log. */
export function alertRoutes(app: FastifyInstance, alerts: RecordAlerts): void {
  app.post<{ Body: AlertMessage }>('/v1/audit/alerts', { schema: RECORD }, async (request, reply) => {
    authorize(callerOf(request), 'alert', '')
    alerts.record(actorOf(request), request.body.alerts)
    return reply.code(204).send()
  })
}

const TEXTS = { type: 'object', additionalProperties: { type: 'string' } } as const
const TEXT = { type: 'string', maxLength: 100 } as const

const ALERT = {
  type: 'object',
  required: ['status', 'labels'],
  properties: {
    status: { type: 'string', enum: ['firing', 'resolved'] },
    labels: TEXTS,
    annotations: TEXTS,
    startsAt: TEXT,
    endsAt: TEXT,
    fingerprint: TEXT,
  },
} as const

/** So that one message does not fill the queue of the audit log; Alertmanager has `max_alerts` for that. */
const ALERTS_MAX = 500

const RECORD = {
  operationId: 'recordAlerts',
  summary: 'Write alerts of Alertmanager to the audit log',
  description: `A receiver of Alertmanager (webhook_configs), with a key that has the scope \`alert\` and no limit. At most ${ALERTS_MAX} alerts a message; fields that are not named here are passed over.`,
  tags: ['audit'],
  querystring: NO_QUERY,
  body: {
    type: 'object',
    required: ['alerts'],
    properties: { alerts: { type: 'array', maxItems: ALERTS_MAX, items: ALERT } },
  },
  response: {
    204: { type: 'null', description: 'They are on their way to the audit log.' },
    ...problemResponses([...COMMON_CODES, 'IDGEN_BODY_TOO_LARGE', 'IDGEN_MEDIA_TYPE_UNSUPPORTED']),
  },
} as const

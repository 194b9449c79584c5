import type { IdGenerator } from '../api/kinds.ts'
import { alertRules } from './alert-groups.ts'
import { ruleScope } from './alert-rule.ts'
import type { Installation } from './installation.ts'
import { ownedObject } from './metadata.ts'
import { ALERT_GENERATOR } from './monitoring.ts'
import { KINDS } from './object-kinds.ts'
import type { RenderedObject } from './rendered-object.ts'

type Alerts = IdGenerator['spec']['alerts']

export function wantsAlertmanager({ spec: { alerts } }: IdGenerator): boolean {
  return alerts.email !== undefined || alerts.weCom !== undefined
}

/** Sends the alerts of this IdGenerator by e-mail and WeCom. */
export function alertmanagerConfig({ generator, optionalKinds }: Installation): RenderedObject[] {
  if (!wantsAlertmanager(generator) || !optionalKinds.has('AlertmanagerConfig')) return []
  const { name } = generator.metadata
  const { email, weCom, labels = {} } = generator.spec.alerts
  const spec = {
    route: {
      receiver: 'idgen',
      matchers: [{ name: ALERT_GENERATOR, matchType: '=', value: name }],
      groupBy: ['alertname'],
      // Long enough for the alerts of all pods to come in one message: rules are looked at every 5 s.
      groupWait: '5s',
      // The next pod or tag with the same trouble, or its return, is told after this.
      groupInterval: '1m',
      repeatInterval: '4h',
      // All else of them is as above.
      routes: [{ matchers: [urgentOf(generator)], groupWait: '1s' }],
    },
    receivers: [
      {
        name: 'idgen',
        ...(email === undefined ? {} : { emailConfigs: [emailConfig(email)] }),
        ...(weCom === undefined ? {} : { wechatConfigs: [weComConfig(weCom)] }),
      },
    ],
  }
  return [ownedObject(generator, KINDS.AlertmanagerConfig, name, { spec }, { labels })]
}

function urgentOf(generator: IdGenerator): object {
  const urgent = alertRules(ruleScope(generator)).filter((rule) => rule.urgent === true)
  return { name: 'alertname', matchType: '=~', value: urgent.map(({ alert }) => alert).join('|') }
}

function emailConfig(email: NonNullable<Alerts['email']>): object {
  const { to, from, smarthost, username, passwordSecret, requireTLS } = email
  return {
    to: to.join(', '),
    from,
    smarthost,
    requireTLS,
    sendResolved: true,
    ...(username === undefined ? {} : { authUsername: username }),
    ...(passwordSecret === undefined ? {} : { authPassword: passwordSecret }),
  }
}

function weComConfig(weCom: NonNullable<Alerts['weCom']>): object {
  const { corpId, agentId, apiUrl, toUser, toParty, toTag, secret } = weCom
  const receivers = Object.entries({ apiURL: apiUrl, toUser, toParty, toTag })
  return {
    corpID: corpId,
    agentID: agentId,
    apiSecret: secret,
    sendResolved: true,
    ...Object.fromEntries(receivers.filter(([, value]) => value !== undefined)),
  }
}

import type { AlertRule, RuleScope } from './alert-rule.ts'

/** Who may call: keys that were revoked, and keys that are tried. */
export function keyAlerts({ pods, member }: RuleScope): AlertRule[] {
  // Those that were looked at, and those that were refused unseen because their address had tried too many.
  const wrong = `sum(increase(idgen_wrong_api_keys_total{${pods}}[5m]))`
  const unseen = `sum(increase(idgen_rate_limited_total{${pods},kind="wrong-key"}[5m]))`
  return [
    {
      alert: 'IdgenKeyNewsMissing',
      // Without the database no news can come, and IdgenDatabaseUnreachable tells.
      expr: `idgen_key_news_ok{${pods}} == 0 and idgen_database_ok{${pods}} == 1`,
      for: '2m',
      patience:
        'After a failover of the database the line for news is opened anew; until then the poll finds what was revoked.',
      severity: 'warning',
      summary: 'Changes of API keys are not told at once',
      description: `{{ $labels.${member} }} finds revoked keys by its poll alone (catalog.pollEvery), so they work a little longer. A pooler in transaction mode keeps notifications: set database.listenUrl to the server itself.`,
    },
    {
      alert: 'IdgenWrongKeys',
      // A person with a wrong key tries it a few times; a program that was left with one, or who guesses, goes on.
      expr: `${wrong} + ${unseen} > ${WRONG_KEYS_PER_FIVE_MINUTES}`,
      for: '15s',
      severity: 'warning',
      summary: 'Many wrong API keys are sent',
      description:
        '{{ $value | humanize }} in 5 minutes. A program may have been left with an old key, or somebody tries keys. The audit log names addresses and key ids (action key.refuse).',
    },
  ]
}

const WRONG_KEYS_PER_FIVE_MINUTES = 100

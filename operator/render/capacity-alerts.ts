import type { AlertRule, RuleScope } from './alert-rule.ts'

/** Numbers that are left: in memory, and for ever. */
export function capacityAlerts({ pods, member }: RuleScope): AlertRule[] {
  return [
    {
      alert: 'IdgenSegmentNearlyOut',
      expr: `idgen_segment_left_ratio{${pods}} < 0.1`,
      for: '15s',
      severity: 'warning',
      summary: 'Less than 10 % of a segment is left, and no next one is there',
      description: `Tag {{ $labels.tag }} in {{ $labels.${member} }}: allocations fail or are slow. It degrades when nothing is left. Look at idgen_segment_refusals_total.`,
    },
    {
      alert: 'IdgenRangeNearlyUsed',
      expr: `max(idgen_range_used_ratio_max{${pods}}) > 0.8`,
      for: '15s',
      severity: 'warning',
      summary: 'A tag has used 80 % of its number space in this data centre',
      description:
        'Share {{ $value | humanizePercentage }}. At the end come errors (IDGEN_RANGE_EXHAUSTED) or degradation: plan a new tag. `kubectl get biztags` says which one it is.',
    },
    {
      alert: 'IdgenRangeAlmostExhausted',
      expr: `max(idgen_range_used_ratio_max{${pods}}) > 0.95`,
      for: '15s',
      severity: 'critical',
      summary: 'A tag has used 95 % of its number space in this data centre',
      description: 'Share {{ $value | humanizePercentage }}. Move its callers to a new tag now.',
    },
    {
      alert: 'IdgenDateNearlyUsed',
      expr: `max by (tag) (idgen_date_used_ratio{${pods}}) > 0.8`,
      for: '15s',
      severity: 'warning',
      summary: 'A tag has used 80 % of the numbers of the present date',
      description:
        'Tag {{ $labels.tag }}: {{ $value | humanizePercentage }} of the serials that its format has for this day, month or year in this data centre. At the end it refuses (IDGEN_RANGE_EXHAUSTED) until the date is over.',
    },
    {
      alert: 'IdgenLayoutEnds',
      expr: `min(idgen_snowflake_end_timestamp_seconds{${pods}}) - time() < 5 * 365 * 86400`,
      for: '15s',
      severity: 'warning',
      summary: 'Snowflake IDs can be made for less than 5 years',
      description:
        'It is {{ $value | humanizeDuration }} to the last stamp of the layout; then snowflakes are refused. Plan a layout with another epoch, or tags that are segments.',
    },
  ]
}

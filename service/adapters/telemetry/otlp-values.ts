import type { SpanFacts } from '../../core/ended-span.ts'

/** Who sends, as a collector shows it. */
export interface ReportingService {
  readonly version: string
  readonly instance: string
  readonly dc: number
}

/** `resource` of OTLP 1.x in its JSON form. */
export function resourceOf({ version, instance, dc }: ReportingService): object {
  return {
    attributes: attributesOf({
      'service.name': 'idgen',
      'service.version': version,
      'service.instance.id': instance,
      'idgen.dc': dc,
    }),
  }
}

export function scopeOf({ version }: ReportingService): object {
  return { name: 'idgen', version }
}

export function attributesOf(facts: SpanFacts): object[] {
  return Object.entries(facts).map(([key, value]) => ({ key, value: anyValue(value) }))
}

/** Unix milliseconds as nanoseconds in decimal: their number has more digits than a double. */
export function nanoseconds(ms: number): string {
  const whole = Math.floor(ms)
  return `${whole}${String(Math.floor((ms - whole) * 1_000_000)).padStart(6, '0')}`
}

/** What a collector took a request without, and why as it says. What cannot be read counts as none. */
export function rejectedBy(
  answer: string,
  field: 'rejectedSpans' | 'rejectedLogRecords',
): { readonly rejected: number; readonly why?: string } {
  try {
    const { partialSuccess } = JSON.parse(answer) as { partialSuccess?: Readonly<Record<string, unknown>> }
    const rejected = Number(partialSuccess?.[field] ?? 0)
    if (!Number.isSafeInteger(rejected) || rejected <= 0) return { rejected: 0 }
    const why = partialSuccess?.['errorMessage']
    return typeof why === 'string' && why !== '' ? { rejected, why } : { rejected }
  } catch {
    return { rejected: 0 }
  }
}

function anyValue(value: string | number | boolean): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  // A 64-bit integer, which JSON of protobuf writes as text.
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}

import { Gauge, type Registry } from 'prom-client'
import type { ServedCertificate } from './served-certificate.ts'

/** From when and until when the certificate of the status port counts. Not called where that has none: then nothing is told. */
export function watchStatusCertificate(
  registry: Registry,
  certificate: Pick<ServedCertificate, 'life'>,
): void {
  const gauge = (name: string, help: string, readMs: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(readMs() / 1000)
      },
    })
  }
  gauge(
    'idgen_operator_status_certificate_start_timestamp_seconds',
    "Unix time from which the certificate of the operator's port counts.",
    () => certificate.life.startMs,
  )
  gauge(
    'idgen_operator_status_certificate_end_timestamp_seconds',
    "Unix time at which the certificate of the operator's port ends.",
    () => certificate.life.endMs,
  )
}

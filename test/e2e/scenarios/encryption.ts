import assert from 'node:assert/strict'
import { get, type RequestOptions } from 'node:https'
import { text } from 'node:stream/consumers'
import { LOCAL_IMAGES } from '../../../scripts/cluster/cluster.ts'
import { installOperator } from '../../../scripts/cluster/install-idgen.ts'
import { testCertificate } from '../../cluster/test-certificate.ts'
import { OPERATOR_NAMESPACE } from '../evidence.ts'
import { SERVICE, type Service } from '../kube-api.ts'
import { apply } from '../manifests.ts'
import { measured } from '../measured.ts'
import type { Stage } from '../stage.ts'
import { eventually, seconds } from '../waiting.ts'

const OPERATOR = 'idgen-operator'

/** As docs/kubernetes.md says it, with a Secret: a real kubelet probes it over HTTPS from then on, and helm waits until it is content. */
export async function operatorEncrypted({ api, digest }: Stage): Promise<void> {
  const { ca, cert, key } = testCertificate(OPERATOR, OPERATOR_NAMESPACE)
  await apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'operator-port', namespace: OPERATOR_NAMESPACE },
    stringData: { 'ca.crt': ca, 'tls.crt': cert, 'tls.key': key },
  })
  const startMs = performance.now()
  await installOperator(LOCAL_IMAGES, digest, ['--set=metrics.tls.secretName=operator-port'])
  measured("the operator's port over TLS: helm upgrade until ready", seconds(performance.now() - startMs))
  const service = await api.get<Service>(SERVICE, `${OPERATOR_NAMESPACE}/${OPERATOR}`)
  const servername = `${OPERATOR}.${OPERATOR_NAMESPACE}.svc`
  const options = { ca, servername, agent: false, minVersion: 'TLSv1.3' } as const
  // From this machine, which reaches every Service. Rules for a Service follow its pods a moment later: until then the kernel
  // may send to a pod that has just gone (EHOSTUNREACH).
  const { found: said } = await eventually('the Service leads to a pod that is there', 30, () =>
    metricsOf(`https://${service?.spec.clusterIP}:8080/metrics`, options).catch((error: unknown) => {
      if (cameNotAbout(error)) return undefined
      throw error
    }),
  )
  assert.match(said, /^leader_election_master_status\{/m)
}

function metricsOf(url: string, options: RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const limited = { ...options, signal: AbortSignal.timeout(5000) }
    get(url, limited, (answer) => void text(answer).then(resolve, reject)).on('error', reject)
  })
}

/** True of a connection that did not come about; what TLS refuses is another thing, and fails at once. */
function cameNotAbout(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'EHOSTUNREACH' || code === 'ECONNREFUSED' || code === 'ABORT_ERR'
}

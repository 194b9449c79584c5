import assert from 'node:assert/strict'
import { get } from 'node:https'
import { text } from 'node:stream/consumers'
import { LOCAL_IMAGES } from '../../../scripts/cluster/cluster.ts'
import { installOperator } from '../../../scripts/cluster/install-idgen.ts'
import { testCertificate } from '../../cluster/test-certificate.ts'
import { OPERATOR_NAMESPACE } from '../evidence.ts'
import { SERVICE, type Service } from '../kube-api.ts'
import { apply } from '../manifests.ts'
import { measured } from '../measured.ts'
import type { Stage } from '../stage.ts'
import { seconds } from '../waiting.ts'

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
  // From this machine, which reaches every Service.
  const said = await new Promise<string>((resolve, reject) => {
    get(`https://${service?.spec.clusterIP}:8080/metrics`, options, (answer) => resolve(text(answer))).on(
      'error',
      reject,
    )
  })
  assert.match(said, /^leader_election_master_status\{/m)
}

import { NODE_ADDRESS } from '../../scripts/cluster/layout.ts'
import { GENERATOR, type KubeApi, NAMESPACE, SECRET, SERVICE, type Secret, type Service } from './kube-api.ts'

/** Where callers reach the generator, and what they need for it. */
export interface ProbeTarget {
  /** Address of the Service, which this machine reaches as pods do. */
  readonly host: string
  readonly ingress: string
  readonly key: string
  readonly ca: string
  /** What the certificate was made for. */
  readonly serverName: string
  /** Those of segments, whose IDs every Redis client can hold as integers. */
  readonly integerTags: readonly string[]
}

export async function probeTarget(api: KubeApi): Promise<ProbeTarget> {
  const service = await api.get<Service>(SERVICE, `${NAMESPACE}/${GENERATOR}`)
  if (service === undefined) throw new Error(`there is no Service ${GENERATOR}`)
  return {
    host: service.spec.clusterIP,
    ingress: NODE_ADDRESS,
    key: await secretText(api, `${GENERATOR}-admin`, 'admin-key'),
    ca: await secretText(api, `${GENERATOR}-tls`, 'ca.crt'),
    serverName: `${GENERATOR}.${NAMESPACE}.svc`,
    integerTags: ['shop/orders/invoice'],
  }
}

export async function secretText(api: KubeApi, name: string, key: string): Promise<string> {
  const secret = await api.get<Secret>(SECRET, `${NAMESPACE}/${name}`)
  const data = secret?.data?.[key]
  if (data === undefined) throw new Error(`Secret ${NAMESPACE}/${name} has no ${key}`)
  return Buffer.from(data, 'base64').toString('utf8')
}

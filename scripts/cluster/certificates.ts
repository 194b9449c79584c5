import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { API_SERVICE_ADDRESS, API_URL, FOLDER, NODE_ADDRESS, NODE_NAME } from './layout.ts'
import { runCommand } from './run-command.ts'

const KEYS = join(FOLDER, 'keys')

export function keyFile(name: string): string {
  return join(KEYS, name)
}

interface Certificate {
  readonly authority: 'ca' | 'front-proxy-ca'
  /** /O=group/CN=name: Kubernetes takes them as the group and the name of a user. */
  readonly subject: string
  /** Of a server; a client has none. */
  readonly names?: readonly string[]
}

const CERTIFICATES: Readonly<Record<string, Certificate>> = {
  apiserver: {
    authority: 'ca',
    subject: '/CN=kube-apiserver',
    names: [
      `IP:${NODE_ADDRESS}`,
      `IP:${API_SERVICE_ADDRESS}`,
      'DNS:kubernetes',
      'DNS:kubernetes.default',
      'DNS:kubernetes.default.svc',
      'DNS:kubernetes.default.svc.cluster.local',
    ],
  },
  kubelet: {
    authority: 'ca',
    subject: `/O=system:nodes/CN=system:node:${NODE_NAME}`,
    names: [`IP:${NODE_ADDRESS}`, `DNS:${NODE_NAME}`],
  },
  // What kube-apiserver shows a kubelet: logs, exec, port-forward.
  'kubelet-client': { authority: 'ca', subject: '/O=system:masters/CN=kube-apiserver-kubelet-client' },
  'controller-manager': { authority: 'ca', subject: '/CN=system:kube-controller-manager' },
  scheduler: { authority: 'ca', subject: '/CN=system:kube-scheduler' },
  proxy: { authority: 'ca', subject: '/CN=system:kube-proxy' },
  admin: { authority: 'ca', subject: '/O=system:masters/CN=admin' },
  // What kube-apiserver shows metrics-server when it passes a user's request on.
  'front-proxy': { authority: 'front-proxy-ca', subject: '/CN=front-proxy-client' },
}

/** Makes what is missing: a second start keeps the keys, so that kubeconfig files stay valid. */
export async function makeCertificates(): Promise<void> {
  mkdirSync(KEYS, { recursive: true, mode: 0o700 })
  for (const authority of ['ca', 'front-proxy-ca']) await makeAuthority(authority)
  for (const [name, certificate] of Object.entries(CERTIFICATES)) await makeCertificate(name, certificate)
  if (existsSync(keyFile('accounts.pem'))) return
  // Signs the tokens of service accounts.
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(keyFile('accounts.pem'), privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 })
}

async function makeAuthority(name: string): Promise<void> {
  if (existsSync(keyFile(`${name}.crt`))) return
  const made = ['-keyout', keyFile(`${name}.key`), '-out', keyFile(`${name}.crt`)]
  const extension = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign']
  const subject = ['-subj', `/CN=idgen-cluster-${name}`, '-days', DAYS]
  await runCommand('openssl', ['req', '-x509', ...NEW_KEY, ...subject, ...extension, ...made])
}

async function makeCertificate(name: string, { authority, subject, names }: Certificate): Promise<void> {
  if (existsSync(keyFile(`${name}.crt`))) return
  const request = keyFile(`${name}.csr`)
  const wanted = ['-subj', subject, '-keyout', keyFile(`${name}.key`), '-out', request]
  await runCommand('openssl', ['req', '-new', ...NEW_KEY, ...wanted])

  const usage = names === undefined ? 'clientAuth' : 'clientAuth,serverAuth'
  const lines = [`extendedKeyUsage=${usage}`, 'keyUsage=critical,digitalSignature']
  if (names !== undefined) lines.push(`subjectAltName=${names.join(',')}`)
  const extensions = keyFile(`${name}.ext`)
  writeFileSync(extensions, `${lines.join('\n')}\n`)

  const signer = [
    '-CA',
    keyFile(`${authority}.crt`),
    '-CAkey',
    keyFile(`${authority}.key`),
    '-CAcreateserial',
  ]
  const made = ['-days', DAYS, '-extfile', extensions, '-out', keyFile(`${name}.crt`)]
  await runCommand('openssl', ['x509', '-req', '-in', request, ...signer, ...made])
}

/** A kubeconfig file, which is JSON as well as YAML, that carries all it needs. */
export function writeKubeconfig(file: string, name: string): void {
  const base64 = (path: string): string => readFileSync(keyFile(path)).toString('base64')
  const user = {
    'client-certificate-data': base64(`${name}.crt`),
    'client-key-data': base64(`${name}.key`),
  }
  const cluster = { server: API_URL, 'certificate-authority-data': base64('ca.crt') }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'idgen',
    contexts: [{ name: 'idgen', context: { cluster: 'idgen', user: name } }],
    clusters: [{ name: 'idgen', cluster }],
    users: [{ name, user }],
  }
  writeFileSync(file, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 })
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** A cluster to try things on; nothing renews its certificates. */
const DAYS = '3650'

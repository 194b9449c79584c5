import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

const BUILT = join(import.meta.dirname, '../../.cache/servers')

export interface EtcdPrograms {
  readonly etcd: string
  readonly etcdutl: string
}

/** etcd of IDGEN_TEST_ETCD, else the one scripts/install-servers.sh built, else the one on the PATH; etcdutl beside it. */
export function etcdPrograms(): EtcdPrograms {
  const etcd = process.env['IDGEN_TEST_ETCD'] ?? built() ?? onPath()
  if (etcd === undefined || !existsSync(etcd))
    throw new Error(
      `etcd is missing${etcd === undefined ? '' : ` (${etcd})`}: scripts/install-servers.sh makes it, or set IDGEN_TEST_ETCD`,
    )
  return { etcd, etcdutl: join(dirname(etcd), 'etcdutl') }
}

function built(): string | undefined {
  const file = join(BUILT, 'etcd')
  return existsSync(file) ? file : undefined
}

function onPath(): string | undefined {
  try {
    return execFileSync('sh', ['-c', 'command -v etcd'], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

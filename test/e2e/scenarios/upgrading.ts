import assert from 'node:assert/strict'
import { join } from 'node:path'
import { LOCAL_IMAGES } from '../../../scripts/cluster/cluster.ts'
import { installOperator } from '../../../scripts/cluster/install-idgen.ts'
import { kubectl } from '../../../scripts/cluster/kubectl.ts'
import { CHECKOUT, KUBECONFIG_FILE } from '../../../scripts/cluster/layout.ts'
import { clientProgram } from '../../../scripts/cluster/programs.ts'
import { runCommand } from '../../../scripts/cluster/run-command.ts'
import { OPERATOR_NAMESPACE } from '../evidence.ts'
import { NAMESPACE } from '../kube-api.ts'
import { apply, tagManifest } from '../manifests.ts'
import type { Stage } from '../stage.ts'

/** Before the first release a fixture is the previous version. */
const PREVIOUS = join(CHECKOUT, 'test/fixtures/chart-previous.tgz')

/** Back to the chart before and up again, over a generator that serves. */
export async function upgradedAndBack(stage: Stage): Promise<void> {
  await stage.unnoticed(async () => {
    const helm = ['upgrade', 'idgen', PREVIOUS, `--namespace=${OPERATOR_NAMESPACE}`]
    await runCommand(clientProgram('helm'), [...helm, '--reuse-values', '--wait', '--timeout=3m'], {
      env: { KUBECONFIG: KUBECONFIG_FILE },
    })
    assert.match(await chart(), /idgen-0\.0\.9/)
    await tagServed('under-previous')
    await installOperator(LOCAL_IMAGES, stage.digest)
    assert.doesNotMatch(await chart(), /idgen-0\.0\.9/)
    await tagServed('under-newest')
    await stage.settled()
  })
}

async function chart(): Promise<string> {
  const args = ['get', 'deployment/idgen-operator', `--namespace=${OPERATOR_NAMESPACE}`, '--output=yaml']
  return await kubectl(args)
}

async function tagServed(name: string): Promise<void> {
  await apply(tagManifest(name))
  const args = ['wait', '--for=condition=Ready', `biztag/${name}`, `--namespace=${NAMESPACE}`]
  await kubectl([...args, '--timeout=90s'])
  await kubectl(['delete', 'biztag', name, `--namespace=${NAMESPACE}`, '--timeout=60s'])
}

import { createServer } from 'node:net'
import type { Config } from '../config/keys.ts'
import { bad, type Finding, good, warning } from '../core/finding.ts'
import { type RunningHere, runningHere } from './running-here.ts'

/** Says who this configuration's installation is, as a running service does. @throws where the database does not tell */
export type OwnInstallation = () => Promise<string>

/** A running service with this configuration holds its own ports: that is no fault. */
export async function checkPorts(
  findings: Finding[],
  config: Config,
  ownInstallation: OwnInstallation,
): Promise<void> {
  const { http, https, grpc, resp, metrics } = config.server
  const places = {
    http,
    ...(https.cert === '' ? {} : { https: { host: http.host, port: https.port } }),
    grpc,
    ...(resp.enabled ? { resp } : {}),
    metrics,
  }
  let asked: Promise<Holder | undefined> | undefined
  for (const [name, { host, port }] of Object.entries(places)) {
    const what = `${name} port`
    const place = `${host}:${port}`
    if (await isFree(host, port)) findings.push(good(what, `${place} is free`))
    else {
      const holder = await (asked ??= holderOf(config, ownInstallation))
      findings.push(taken(what, place, holder?.running.ports[name] === port ? holder : undefined))
    }
  }
}

interface Holder {
  readonly running: RunningHere
  readonly whose: 'ours' | 'of another data centre' | 'of another installation' | 'unknown'
}

/** undefined: something that does not say what it is. */
async function holderOf(config: Config, ownInstallation: OwnInstallation): Promise<Holder | undefined> {
  const running = await runningHere(config)
  if (running === undefined) return undefined
  if (running.dataCentre !== config.datacenter.id) return { running, whose: 'of another data centre' }
  const own = await ownInstallation().catch(() => undefined)
  if (own === undefined || running.installation === undefined) return { running, whose: 'unknown' }
  return { running, whose: own === running.installation ? 'ours' : 'of another installation' }
}

function taken(what: string, place: string, holder: Holder | undefined): Finding {
  if (holder === undefined) return bad(what, `${place} is taken`, FREE_IT)
  const { instance, version, dataCentre } = holder.running
  const who = `${instance}, version ${version}, data centre ${dataCentre}`
  if (holder.whose === 'ours') return good(what, `the service is running here: ${place} is its own (${who})`)
  if (holder.whose === 'unknown')
    return warning(
      what,
      `${place} is taken by an idgen of this data centre (${who}); whether of this installation cannot be told`,
      'Ask again when the database answers, and with the release that runs. Of another installation: choose another port, or stop it.',
    )
  return bad(what, `${place} is taken by an idgen ${holder.whose} (${who})`, FREE_IT)
}

const FREE_IT = 'Choose another port, or stop what uses it.'

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port }, () => server.close(() => resolve(true)))
  })
}

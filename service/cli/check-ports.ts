import { createServer } from 'node:net'
import type { Config } from '../config/keys.ts'
import { bad, type Finding, good } from '../core/finding.ts'
import { type RunningHere, runningHere } from './running-here.ts'

/** A running service with this configuration holds its own ports: that is no fault. */
export async function checkPorts(findings: Finding[], config: Config): Promise<void> {
  const { http, https, grpc, resp, metrics } = config.server
  const places = {
    http,
    ...(https.cert === '' ? {} : { https: { host: http.host, port: https.port } }),
    grpc,
    ...(resp.enabled ? { resp } : {}),
    metrics,
  }
  let asked: Promise<RunningHere | undefined> | undefined
  for (const [name, { host, port }] of Object.entries(places)) {
    const what = `${name} port`
    const place = `${host}:${port}`
    if (await isFree(host, port)) findings.push(good(what, `${place} is free`))
    else
      findings.push(taken(what, place, holderOf(name, port, config, await (asked ??= runningHere(config)))))
  }
}

type Holder = { readonly isOurs: boolean; readonly who: string }

/** undefined: something that does not say what it is. */
function holderOf(
  name: string,
  port: number,
  config: Config,
  running: RunningHere | undefined,
): Holder | undefined {
  if (running === undefined || running.ports[name] !== port) return undefined
  const { instance, version, dataCentre } = running
  return {
    isOurs: dataCentre === config.datacenter.id,
    who: `${instance}, version ${version}, data centre ${dataCentre}`,
  }
}

function taken(what: string, place: string, holder: Holder | undefined): Finding {
  if (holder?.isOurs === true)
    return good(what, `the service is running here: ${place} is its own (${holder.who})`)
  const by = holder === undefined ? '' : ` by an idgen of another data centre (${holder.who})`
  return bad(what, `${place} is taken${by}`, 'Choose another port, or stop what uses it.')
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port }, () => server.close(() => resolve(true)))
  })
}

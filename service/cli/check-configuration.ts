import { PinoLog } from '../adapters/telemetry/pino-log.ts'
import type { Config } from '../config/keys.ts'
import { type Finding, warning } from '../core/finding.ts'
import { openConfig } from '../open-config.ts'
import { check } from './findings.ts'

/** The configuration as a service would start with it; what is wrong with the part in etcd is a finding of its own. */
export async function checkConfiguration(
  findings: Finding[],
  file: string | undefined,
): Promise<Config | undefined> {
  const log = new PinoLog('silent', {}, process.stderr)
  const opened = await check(findings, {
    what: 'configuration',
    ask: () => openConfig(file, process.env, log),
    tell: () => 'valid',
    todo: 'Correct what is named; docs/configuration.md has every key.',
  })
  await opened?.coordinator?.close()
  if (opened?.coordinator !== undefined)
    await check(findings, {
      what: 'settings in etcd',
      ask: () => {
        if (opened.without !== undefined) throw opened.without
        return opened.settings?.size ?? 0
      },
      tell: (count) => {
        const unknown = opened.unknown.map(({ path, message }) => `${path} ${message}`).join('; ')
        if (unknown === '') return `${count} read`
        return warning(
          'settings in etcd',
          `${count} read; ${unknown}`,
          'Correct or remove what is not known.',
        )
      },
      todo: 'Correct or remove them in etcd: a service goes on with file and environment alone.',
    })
  return opened?.config
}

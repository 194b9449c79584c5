import { PinoLog } from '../adapters/telemetry/pino-log.ts'
import type { Config } from '../config/keys.ts'
import { openConfig } from '../open-config.ts'
import { check, type Finding } from './findings.ts'

/** The configuration as a service would start with it; what is wrong with the part in etcd is a finding of its own. */
export async function checkConfiguration(
  findings: Finding[],
  file: string | undefined,
): Promise<Config | undefined> {
  const log = new PinoLog('silent', {}, process.stderr)
  const opened = await check(
    findings,
    'configuration',
    () => openConfig(file, process.env, log),
    () => 'valid',
  )
  await opened?.coordinator?.close()
  if (opened?.coordinator !== undefined)
    await check(
      findings,
      'settings in etcd',
      async () => {
        if (opened.without !== undefined) throw opened.without
        return opened.settings?.size ?? 0
      },
      (count) =>
        [`${count} read`, ...opened.unknown.map(({ path, message }) => `${path} ${message}`)].join('; '),
    )
  return opened?.config
}

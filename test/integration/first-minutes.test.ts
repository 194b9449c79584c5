// Runs alone: holds a newcomer's first minutes to what was promised, which a neighbour on the same cores could spoil.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { ROOT } from '../../scripts/docs/documents.ts'
import { boundToUs } from '../fixtures/bound-child.ts'
import { complaints, startChromium, withoutChromium } from '../fixtures/chromium.ts'
import { removeFolder, temporaryFolder } from '../fixtures/temporary-folder.ts'

const run = promisify(execFile)
/** Of the three minutes that a file has; half a minute is usual. */
const INSTALL_LIMIT_S = 90
/** The exit code of timeout(1). */
const TIMED_OUT = 124
/**
 * Half of the two minutes, so that two cores and a network leave room for the start. Held instead of the clock: between 17 and
 * 29 seconds were measured on two cores at loads from 6 to 28, where the clock said between 26 seconds and 7 minutes.
 */
const INSTALL_PROCESSOR_LIMIT_MS = 60_000
/** From the first command to a service that answers; with the packages there already, whose download is measured above. */
const SERVICE_LIMIT_MS = 120_000
/** From the address in the browser to the first ID of an own tag. */
const OWN_TAG_LIMIT_MS = 60_000

test('README alone, on a machine without anything: what is installed comes in an empty home folder without a cache', async (t) => {
  const folder = temporaryFolder('idgen-new-machine-')
  t.after(() => removeFolder(folder))
  const [clone, home] = [join(folder, 'idgen'), join(folder, 'home')]
  for (const path of [join(clone, 'scripts'), home]) await mkdir(path, { recursive: true })
  for (const file of ['package.json', 'package-lock.json', 'scripts/install.sh'])
    await copyFile(join(ROOT, file), join(clone, file))
  const fromMs = performance.now()
  // bash knows the processor time of what it has run, and timeout ends npm too.
  const script = `TIMEFORMAT="processor %U %S"; time timeout ${INSTALL_LIMIT_S} scripts/install.sh run`
  const env = { ...process.env, HOME: home, npm_config_cache: join(home, '.npm') }
  const child = spawn('bash', ['-e', '-c', script], { cwd: clone, env, stdio: ['ignore', 'ignore', 'pipe'] })
  const [told, code] = await Promise.all([
    text(child.stderr),
    once(child, 'close').then(([exit]) => exit as unknown),
  ])
  // How fast others and the network are is no fault of what is installed.
  if (code === TIMED_OUT)
    return t.skip(`not installed within ${INSTALL_LIMIT_S} s: the machine or the registry is slow`)
  if (code !== 0) {
    assert.ok(process.env['CI'] === undefined, `in CI the packages can be had: ${told}`)
    return t.skip(`the packages cannot be had here: ${told.slice(0, 300)}`)
  }
  const [, user, system] = /^processor (\S+) (\S+)$/m.exec(told) ?? []
  const processorMs = 1000 * (Number(user) + Number(system))
  const wallS = ((performance.now() - fromMs) / 1000).toFixed(1)
  t.diagnostic(`installed in ${wallS} s, ${(processorMs / 1000).toFixed(1)} s of them processor time`)
  assert.ok(processorMs < INSTALL_PROCESSOR_LIMIT_MS)
})

test('README alone: the service in two minutes, an own tag and its first ID through the pages in one more', {
  skip: withoutChromium(),
}, async (t) => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const [, command = ''] = /## The first minute[\s\S]*?```sh\n(.+)\n```/.exec(readme) ?? []
  assert.equal(command, 'make run', 'the first command of README.md is another one: this test runs it')

  const fromMs = performance.now()
  const { pasted, pages, keyFile } = await makeRun(t)
  const { stdout } = await run('sh', ['-c', pasted], { timeout: SERVICE_LIMIT_MS })
  assert.equal(stdout, '{"ids":["1","2","3"],"algorithm":"segment","degraded":false}')
  const serviceMs = performance.now() - fromMs
  t.diagnostic(`service and first IDs: ${(serviceMs / 1000).toFixed(1)} s`)
  assert.ok(serviceMs < SERVICE_LIMIT_MS)

  const browser = await startChromium(t)
  const page = await (await browser.newContext({ locale: 'en' })).newPage()
  const key = await readFile(keyFile, 'utf8')
  const openedMs = performance.now()
  // What somebody types who has read nothing but the line that the start printed.
  await page.goto(pages)
  await page.locator('#key:focus').waitFor()
  await page.keyboard.type(key)
  await page.keyboard.press('Enter')
  const complained = complaints(page)
  await page.getByRole('link', { name: 'New tag' }).click()
  await page.getByLabel('Workspace').fill('acme')
  await page.getByLabel('Group').fill('billing')
  await page.getByLabel('Name', { exact: true }).fill('invoices')
  await page.keyboard.press('Enter')
  const both = 'Make the workspace acme and the group acme/billing too, and invoices in it'
  await page.getByRole('button', { name: both }).click()
  await page.getByRole('button', { name: 'Get IDs' }).click()
  await page.getByText('Given by segment').waitFor()
  assert.equal(await page.locator('#issued li').first().textContent(), '1')
  const ownTagMs = performance.now() - openedMs
  t.diagnostic(`own tag and its first ID: ${(ownTagMs / 1000).toFixed(1)} s`)
  assert.ok(ownTagMs < OWN_TAG_LIMIT_MS)
  // Chromium calls an answer of 400 an error: the form that came again.
  assert.deepEqual(
    complained.filter((one) => !one.includes('400 (Bad Request)')),
    [],
  )
})

interface Started {
  /** The line to paste. */
  readonly pasted: string
  readonly pages: string
  readonly keyFile: string
}

/** `make run` from an empty data folder, on free ports; what it prints for a newcomer. */
async function makeRun(t: TestContext): Promise<Started> {
  const folder = temporaryFolder('idgen-newcomer-')
  // Without its first step: these packages are the ones that the test itself runs on.
  const bound = boundToUs({ file: 'make', args: ['--old-file=install', 'run'] }, 'TERM')
  const child = spawn(bound.file, [...bound.args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      IDGEN_DATA_DIR: folder,
      IDGEN_SERVER_HTTP_PORT: '0',
      IDGEN_SERVER_GRPC_PORT: '0',
      IDGEN_SERVER_METRICS_PORT: '0',
    },
  })
  const exited = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGTERM')
    await exited
    await removeFolder(folder)
  })
  const printed: string[] = []
  child.stderr.on('data', (part: Buffer) => printed.push(part.toString()))
  for await (const line of createInterface({ input: child.stdout })) {
    printed.push(line)
    if (line.startsWith('Stop with Ctrl-C')) break
  }
  // What it logs from here on is not looked at, but must not fill the pipe.
  child.stdout.resume()
  return greeted(printed)
}

function greeted(printed: readonly string[]): Started {
  const text = printed.join('\n')
  const [, pasted = ''] = /^ {2}(curl .+)$/m.exec(text) ?? []
  const [, pages = '', keyFile = ''] =
    /^In a browser: (\S+), where you .+ kept in (.+)\)\.$/m.exec(text) ?? []
  assert.ok(pasted !== '' && pages !== '' && keyFile !== '', text)
  return { pasted, pages, keyFile }
}

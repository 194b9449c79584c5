import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { selfSigned } from '../../test/fixtures/self-signed.ts'
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts'
import { ManualClock } from './manual-clock.ts'
import { keptLog } from './scripted-kube.ts'
import { ServedCertificate } from './served-certificate.ts'

const FIRST = selfSigned('first')
const SECOND = selfSigned('second')

/** Two files with the first pair. */
function files() {
  const folder = temporaryFolder('idgen-served-certificate-')
  const paths = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
  writeFileSync(paths.cert, FIRST.cert)
  writeFileSync(paths.key, FIRST.key)
  return paths
}

function opened() {
  const clock = new ManualClock()
  // Of the real time is what the certificates say.
  clock.step(Date.now() - clock.nowMs())
  const { log, lines } = keptLog()
  const paths = files()
  const certificate = ServedCertificate.open(paths, { clock, log })
  const taken: string[] = []
  certificate.follow(({ cert }) => taken.push(cert.toString()))
  return { clock, lines, paths, certificate, taken }
}

describe('the certificate of the status port', () => {
  test('is taken in anew when both files have changed, and not half of it', async () => {
    const { clock, lines, paths, certificate, taken } = opened()
    writeFileSync(paths.key, SECOND.key)
    await clock.advance(1000)
    writeFileSync(paths.cert, SECOND.cert)
    await clock.advance(1000)
    assert.deepEqual(taken, [])
    await clock.advance(1000)
    assert.deepEqual(taken, [SECOND.cert])
    assert.equal(certificate.current.key.toString(), SECOND.key)
    await clock.advance(60_000)
    assert.deepEqual([taken.length, lines], [1, []])
    certificate.close()
    assert.equal(clock.pending, 0)
  })

  test('stays as it is while the files are no usable pair, which is told once', async () => {
    const { clock, lines, paths, certificate, taken } = opened()
    for (const spoil of [
      () => writeFileSync(paths.key, SECOND.key),
      () => writeFileSync(paths.cert, 'no certificate'),
      () => rmSync(paths.cert),
    ]) {
      spoil()
      await clock.advance(10_000)
    }
    const refused = 'new certificate of the status port refused, the last good one stays'
    assert.deepEqual(lines, [refused, refused, refused])
    assert.equal(certificate.current.cert.toString(), FIRST.cert)
    writeFileSync(paths.cert, SECOND.cert)
    await clock.advance(2000)
    assert.deepEqual(taken, [SECOND.cert])
    certificate.close()
  })

  test('that is over is served and told of', () => {
    const { log, lines } = keptLog()
    const clock = new ManualClock()
    clock.step(Date.now() - clock.nowMs())
    const paths = files()
    const over = selfSigned('over', { expired: true })
    writeFileSync(paths.cert, over.cert)
    writeFileSync(paths.key, over.key)
    ServedCertificate.open(paths, { clock, log }).close()
    assert.deepEqual(lines, ['the certificate of the status port has expired: Prometheus will refuse it'])
  })

  test('that cannot be used at the start is an error that names the files, the fault and no key', () => {
    const { log } = keptLog()
    const paths = files()
    const open = () => ServedCertificate.open(paths, { clock: new ManualClock(), log })
    writeFileSync(paths.key, SECOND.key)
    assert.throws(open, /with \S+tls\.crt and \S+tls\.key: the key is that of another certificate$/)
    writeFileSync(paths.key, FIRST.key.slice(0, 60))
    assert.throws(open, (thrown: unknown) => {
      const { message } = thrown as Error
      return message.includes('no PEM certificate and key') && !message.includes(FIRST.key.slice(30, 60))
    })
    rmSync(paths.key)
    assert.throws(open, /tls\.key cannot be read \(ENOENT\)$/)
  })
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { lastStage } from './last-stage.ts'
import { CHECKOUT } from './layout.ts'

describe('the last stage of a Dockerfile', () => {
  test('says what is copied and how the process starts', () => {
    const text = [
      'FROM x AS build',
      'COPY all all',
      'RUN make',
      'FROM x',
      '# a comment',
      'WORKDIR /app',
      'ENV A=1 B=/tmp',
      'COPY --from=build /src/package.json ./',
      'COPY bin bin',
      'USER 65532:65532',
      'EXPOSE 8080 50051',
      'ENTRYPOINT ["/app/bin/idgen"]',
      'CMD ["serve"]',
    ].join('\n')
    assert.deepEqual(lastStage(text), {
      workdir: '/app',
      copies: [
        { fromBuild: true, source: '/src/package.json', target: './package.json' },
        { fromBuild: false, source: 'bin', target: 'bin' },
      ],
      env: ['A=1', 'B=/tmp'],
      user: '65532:65532',
      exposed: ['8080/tcp', '50051/tcp'],
      entrypoint: ['/app/bin/idgen'],
      command: ['serve'],
    })
  })

  test('of the project is understood, and its user is not root', () => {
    const stage = lastStage(readFileSync(join(CHECKOUT, 'Dockerfile'), 'utf8'))
    assert.match(stage.user, /^[1-9]\d*(:\d+)?$/)
    assert.ok(stage.copies.some(({ source }) => source.endsWith('/dist')))
  })

  test('refuses a line it does not know', () => {
    assert.throws(() => lastStage('FROM x\nVOLUME /data'), /"VOLUME \/data" is not understood/)
  })
})

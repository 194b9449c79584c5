import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, test } from 'node:test'
import { VERSION } from '../service/version.ts'

/** The rules of CONTRIBUTING.md that no linter knows, as a test. */
const ROOT = join(import.meta.dirname, '..')

/** What git tracks or would track: nothing ignored. Deleted files may still be listed. */
const FILES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(ROOT, path)))

/** Made by tools, or copied from elsewhere unchanged; in compressed bytes any three letters come up by chance. */
const FOREIGN =
  /^(?:package-lock\.json|LICENSE|docs\/openapi\.json|(?:service\/grpc|service\/ui|operator\/api)\/generated\/|proto\/google\/|.+\.(?:png|tgz)$)/
const OWN = FILES.filter((path) => !FOREIGN.test(path))
const SOURCES = OWN.filter((path) => path.endsWith('.ts'))
const TESTS = SOURCES.filter((path) => path.endsWith('.test.ts'))

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** "path:line: text" of the lines that match. */
function find(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
  )
}

describe('files', () => {
  test('no name says nothing about what is inside', () => {
    const banned = new Set([
      'index',
      'util',
      'utils',
      'helper',
      'helpers',
      'common',
      'misc',
      'types',
      'constants',
      'shared',
      'lib',
      'manager',
      'base',
    ])
    assert.deepEqual(
      // What a package is imported by has to have a name that everybody expects.
      SOURCES.filter((path) => path !== 'sdk/index.ts').filter((path) =>
        path.split('/').some((part) => banned.has(part.replace(/\..*$/, ''))),
      ),
      [],
    )
  })

  test('names are kebab-case', () => {
    const shape =
      /^(?:\d{4}_)?[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|property\.test|stress\.test|contract|bench))?\.ts$/
    assert.deepEqual(
      SOURCES.map((path) => basename(path)).filter((name) => !shape.test(name)),
      [],
    )
  })

  test('the median source file is below 150 lines, and none is above 400', () => {
    const lengths = SOURCES.map((path) => read(path).split('\n').length).sort((a, b) => a - b)
    assert.ok((lengths[Math.floor(lengths.length / 2)] ?? 0) < 150)
    assert.ok((lengths.at(-1) ?? 0) <= 401)
  })

  test('text ends with a line break, without blanks at line ends', () => {
    const text = OWN.filter((path) => /\.(?:ts|md|json|ya?ml|proto)$|^(?:Makefile|Dockerfile)$/.test(path))
    assert.deepEqual(
      text.filter((path) => !read(path).endsWith('\n')),
      [],
    )
    assert.deepEqual(
      find(
        text.filter((path) => !path.endsWith('.md')),
        /[ \t]+$/,
      ),
      [],
    )
  })

  test('no machine path, package-registry host or conflict mark stands in a file', () => {
    // Put together, so that this file does not find itself.
    const words = [
      '/' + 'work/',
      '/' + 'home/',
      '/' + 'Users/',
      'registry\\.' + 'npmjs',
      'npm' + 'mirror',
      'C:' + '\\\\',
      '<'.repeat(7),
      '>'.repeat(7),
    ]
    assert.deepEqual(find(OWN, new RegExp(words.join('|'))), [])
    assert.deepEqual(find(['package-lock.json'], /"resolved": "(?!https:\/\/registry\.npmjs\.org\/)/), [])
  })

  test('every relative link of a document leads to a file', () => {
    const broken = OWN.filter((path) => path.endsWith('.md')).flatMap((path) =>
      [...read(path).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)]
        .map(([, target = '']) => join(path, '..', target))
        .filter((target) => !existsSync(join(ROOT, target)))
        .map((target) => `${path} -> ${target}`),
    )
    assert.deepEqual(broken, [])
  })

  test('every decision stands in the list of decisions', () => {
    const listed = read('docs/decisions/README.md')
    const records = OWN.filter((path) => /^docs\/decisions\/\d/.test(path)).map((path) => basename(path))
    assert.ok(records.length > 0)
    assert.deepEqual(
      records.filter((name) => !listed.includes(`](${name})`)),
      [],
    )
  })
})

describe('tests', () => {
  test('none is the only one, and none is left out without a reason', () => {
    assert.deepEqual(find(TESTS, /\b(?:test|it|describe|suite|t)\.only\b|\bonly: true/), [])
    assert.deepEqual(
      find(TESTS, /\b(?:test|it|describe|suite)\.(?:skip|todo)\b|\bskip: true|\btodo: true|\bskip\(\)/),
      [],
    )
  })

  test('none removes a folder in a hook of its own: test/fixtures/temporary-folder.ts says why', () => {
    // Put together, so that this file does not find itself.
    const words = ['mkdtemp' + '(?:Sync)?\\(join\\(tmp' + 'dir', 'after\\(\\(\\) => rm(?:Sync)?' + '\\(']
    assert.deepEqual(find(TESTS, new RegExp(words.join('|'))), [])
  })

  test('one on real servers that counts what is different says "twice" when it fails: scripts/second-try.ts', () => {
    const real = SOURCES.filter((path) => /^test\/(?:integration|contracts|cluster|fuzz)\//.test(path))
    assert.deepEqual(find(real, /assert\.equal\(new Set\((?!.*(?:twice|\.size, 1\)))/), [])
  })

  test('names are sentences, not the names of functions', () => {
    const names = TESTS.flatMap((path) =>
      [...read(path).matchAll(/\btest\(\s*'([^']+)'/g)].map(([, name = '']) => `${path}: ${name}`),
    )
    assert.deepEqual(
      names.filter((name) => name.slice(name.indexOf(': ') + 2).split(' ').length < 3),
      [],
    )
  })
})

describe('source', () => {
  test('a rule of the linter is switched off only with a reason', () => {
    assert.deepEqual(
      find(SOURCES, /(?:ox|es)lint-disable(?!.* -- )|@ts-(?:ignore|nocheck)|@ts-expect-error\s*$/),
      [],
    )
  })

  test('nothing is left to do in a comment', () => {
    assert.deepEqual(find(OWN, new RegExp(['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX\\b'].join('|'))), [])
  })

  test('the environment is read by the commands only', () => {
    const readers = SOURCES.filter((path) => path.startsWith('service/') && !path.startsWith('service/cli/'))
    assert.deepEqual(
      find(
        readers.filter((path) => !path.endsWith('.test.ts')),
        /process\.env/,
      ),
      [],
    )
  })
})

describe('make', () => {
  const makefile = read('Makefile')
  const targets = [...makefile.matchAll(/^([a-z][a-z0-9-]*):/gm)].map(([, name = '']) => name)
  const help = execFileSync('make', ['--no-print-directory'], { cwd: ROOT, encoding: 'utf8' })

  test('every target is explained by make help, which is the default', () => {
    for (const target of targets) assert.match(help, new RegExp(`^  ${target} +[A-Z]`, 'm'))
  })

  test('every target is phony: a folder of the same name must not stand in for it', () => {
    const phony = /^\.PHONY: (.*)$/m.exec(makefile)?.[1]?.split(' ')
    assert.deepEqual(phony?.toSorted(), targets.toSorted())
  })

  test('every target that a document, the CI or an error message names exists', () => {
    const named = OWN.flatMap((path) =>
      [...read(path).matchAll(/(?:[`"]|run: |^)make ([a-z][a-z0-9-]*)/gm)].map(([, name = '']) => name),
    )
    assert.deepEqual(
      [...new Set(named)].filter((name) => !targets.includes(name)),
      [],
    )
  })
})

describe('versions', () => {
  test('the version that idgen prints is the one of package.json', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string }
    assert.equal(VERSION, version)
  })

  test('the client library has the version of the service that it is released with', () => {
    const { version } = JSON.parse(read('sdk/package.json')) as { version: string }
    assert.equal(version, VERSION)
  })
})

describe('CI', () => {
  test('actions are pinned to a commit, with the version beside it', () => {
    const uses = find(['.github/workflows/ci.yaml'], /\buses:/)
    assert.ok(uses.length > 0)
    for (const line of uses) assert.match(line, /@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

  test('each suite is run by the workflow, but that of a real node, which needs root', () => {
    for (const command of [
      'make test SUITES="unit integration"',
      'make cluster-test',
      'make faults FAULTS=short',
    ])
      assert.equal(find(['.github/workflows/ci.yaml'], new RegExp(`run: ${command}`)).length, 1, command)
  })
})

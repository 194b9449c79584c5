import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { idgenProgram } from '../../service/cli/program.ts'
import { environmentName } from '../../service/config/environment-name.ts'
import { ROWS } from '../../service/config/keys.ts'
import { readYamlLayer } from '../../service/config/yaml-layer.ts'
import { type CodeBlock, codeBlocks, documents, inlineCommands, ROOT } from './documents.ts'
import { SHELL, type ShellCommand, shellCommands } from './shell-commands.ts'

/** Commands, names and files that documents show: what cannot be run here is at least what the programs know. */

/** Records say what was true when they were written. */
const PAGES = documents().filter(({ path }) => !/^docs\/decisions\/|^CHANGELOG/.test(path))
const BLOCKS = PAGES.flatMap(codeBlocks)

/** Programs of others that documents call; each test or page that runs them is beside it. */
const FOREIGN = new Set([
  'cat', // pages that are run
  'cd',
  'createdb',
  'createuser',
  'curl',
  'docker',
  'echo',
  'etcdctl', // service/config/data-centres-document.test.ts
  'export',
  'git',
  'gitleaks', // test/integration/secret-scanners.test.ts
  'grep',
  'grpcurl', // docs/grpc.md is run
  'helm', // the cluster and e2e tests
  'kubectl',
  'ln',
  'mysql', // docs/migration.md is run
  'mysqldump',
  'npm',
  'sed',
  'redis-cli', // docs/resp.md, test/integration/foreign-resp.test.ts
  'ask', // the function that docs/http.md makes
  'ask()',
  '}',
])

describe('commands of the documents', () => {
  const all = BLOCKS.filter(({ language }) => SHELL.has(language)).flatMap(shellCommands)
  const own = [...all, ...PAGES.flatMap(inlineCommands).flatMap(shellCommands)]

  test('are of programs that a reader has or is told about', () => {
    const ours = new Set(['make', 'idgen', 'bin/idgen', 'node_modules/.bin/node'])
    const unknown = all.filter(({ program }) => !ours.has(program) && !FOREIGN.has(program))
    assert.deepEqual(
      unknown.map(({ program, place }) => `${place}: ${program}`),
      [],
    )
  })

  test('of make name a target of the Makefile', () => {
    const targets = [...readFileSync(join(ROOT, 'Makefile'), 'utf8').matchAll(/^([a-z][a-z0-9-]*):/gm)]
    const known = new Set(targets.map(([, name = '']) => name))
    assert.ok(own.length > all.length + 100)
    const named = own
      .filter(({ program }) => program === 'make')
      .flatMap(({ args, place }) => args.filter((arg) => !arg.includes('=')).map((arg) => `${place}: ${arg}`))
    assert.deepEqual(
      named.filter((text) => !known.has(text.split(': ')[1] ?? '')),
      [],
    )
  })

  test('of idgen name a command and options that its --help knows', () => {
    const faults = own.filter(({ program }) => /^(?:bin\/)?idgen$/.test(program)).flatMap(unknownOptions)
    assert.deepEqual(faults, [])
  })

  test('of curl ask a path that the service has', () => {
    const paths = Object.keys(
      (JSON.parse(readFileSync(join(ROOT, 'docs/openapi.json'), 'utf8')) as { paths: object }).paths,
    )
    const known = [...paths, '/metrics', '/docs', '/api/segment/get/{key}'].map(
      (path) => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
    )
    const asked = all
      .filter(({ program }) => program === 'curl')
      .flatMap(({ args, place }) =>
        args.flatMap((arg) => {
          const [, path] = /^["']?(?:https?:\/\/[^/"'$]+|\$\{?\w+\}?)(\/[^?"']*)/.exec(arg) ?? []
          return path === undefined ? [] : [{ path, place }]
        }),
      )
    assert.ok(asked.length > 5)
    assert.deepEqual(
      asked.filter(({ path }) => !known.some((pattern) => pattern.test(path))),
      [],
    )
  })
})

const PROGRAM = idgenProgram()

/** What idgen would not understand of a command, as "place: word". */
function unknownOptions({ args, place }: ShellCommand): string[] {
  let command = PROGRAM
  for (const arg of args) {
    const below = command.commands.find((one) => one.name() === arg)
    if (below === undefined) break
    command = below
  }
  // A program of its own.
  if (command.name() === 'operator') return []
  const first = args[0] ?? '--help'
  if (command === PROGRAM && !first.startsWith('-')) return [`${place}: ${first}`]
  const known = new Set(command.options.flatMap(({ short, long }) => [short, long]))
  return args
    .filter((arg) => /^--?[a-z]/i.test(arg))
    .map((arg) => arg.split('=')[0] ?? arg)
    .filter((arg) => !known.has(arg) && !['--help', '--version'].includes(arg))
    .map((arg) => `${place}: ${command.name()} ${arg}`)
}

/** Actions of the audit log and events of the log are written as keys are. */
const NAMES_OF_OTHERS = new Set([
  'capacity.alert',
  'audit.beat',
  'audit.drop',
  'audit.close',
  'audit.read',
  'audit.expire',
])
for (const [, event = ''] of readFileSync(join(ROOT, 'docs/logs.md'), 'utf8').matchAll(
  /^\| `([a-z.-]+)` \|/gm,
))
  NAMES_OF_OTHERS.add(event)

describe('names in the documents', () => {
  function named(pattern: RegExp): { name: string; path: string }[] {
    return PAGES.flatMap(({ path, text }) =>
      [...text.matchAll(pattern)].map(([, name = '']) => ({ name, path })),
    )
  }

  test('of metrics stand in the registry', () => {
    const known = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8')
    const unknown = named(/`(idgen_[a-z0-9_]+)[`{]/g).filter(
      ({ name }) => !known.includes(`\`${name.replace(/_(?:bucket|count|sum)$/, '')}\``),
    )
    assert.deepEqual(
      // A table of the database; the operator's are held by its own tests.
      unknown.filter(({ name }) => !/^idgen_(?:migrations$|operator_)/.test(name)),
      [],
    )
  })

  test('of configuration are keys', () => {
    const sections = new Set([...ROWS.keys()].map((key) => key.split('.')[0]))
    const wrong = named(/`([a-z]+(?:\.[a-zA-Z]+)+)`/g).filter(
      ({ name }) =>
        sections.has(name.split('.')[0]) &&
        !NAMES_OF_OTHERS.has(name) &&
        !/\.(?:ts|md|json|ya?ml|sh|py|go|proto)$/.test(name) &&
        !ROWS.has(name) &&
        !ROWS.has(name.replace(/File$/, '')) &&
        ![...ROWS.keys()].some((key) => key.startsWith(`${name}.`)),
    )
    assert.deepEqual(wrong, [])
  })

  test('of variables are those of keys', () => {
    const known = new Set([...ROWS.keys()].map((key) => environmentName(key)))
    const wrong = named(/(?:^|\s)(IDGEN_[A-Z0-9_]+)=\S/gm).filter(
      ({ name }) =>
        !known.has(name) &&
        !known.has(name.replace(/_FILE$/, '')) &&
        !/^IDGEN_(?:TEST_|DEV|KEY|ORIGIN|OPERATOR_)/.test(name),
    )
    assert.deepEqual(wrong, [])
  })
})

describe('files in the documents', () => {
  const yaml = BLOCKS.filter(({ language }) => language === 'yaml')

  test('of YAML can be read', () => {
    for (const block of yaml)
      for (const file of parseAllDocuments(block.text))
        assert.deepEqual(file.errors, [], `${block.path}:${block.line}`)
  })

  test('of configuration are valid but for files of secrets that are not here', () => {
    const configurations = yaml.filter(isConfiguration)
    assert.ok(configurations.length > 5)
    for (const block of configurations)
      assert.deepEqual(
        readYamlLayer(block.text, block.path).faults.filter(({ path }) => !path.endsWith('File')),
        [],
        `${block.path}:${block.line}`,
      )
  })

  test('of JSON can be read, line by line or as a whole', () => {
    for (const block of BLOCKS.filter(({ language }) => language === 'json'))
      if (!readable(block.text))
        for (const line of block.text.split('\n'))
          assert.ok(readable(line), `${block.path}:${block.line} ${line}`)
  })
})

function isConfiguration({ text, path }: CodeBlock): boolean {
  const sections = new Set([...ROWS.keys()].map((key) => key.split('.')[0]))
  const top = [...text.matchAll(/^([a-z]+):/gm)].map(([, name = '']) => name)
  // Settings of the operator's IdGenerator and of the chart have sections of the same names.
  return top.length > 0 && top.every((name) => sections.has(name)) && !path.startsWith('charts/')
}

function readable(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

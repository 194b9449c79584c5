import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PluginError } from './plugin-error.ts'
import { pluginProgram, type TargetOptions } from './plugin-program.ts'

/** The options that a command line comes to. */
async function optionsOf(...args: readonly string[]): Promise<TargetOptions> {
  let given: TargetOptions | undefined
  const open = (options: TargetOptions): Promise<never> => {
    given = options
    return Promise.reject(new PluginError('enough seen'))
  }
  const program = pluginProgram(open, new AbortController().signal)
  await assert.rejects(program.parseAsync(args, { from: 'user' }), { message: 'enough seen' })
  assert.ok(given)
  return given
}

test('options of the target stand before the command or after it', async () => {
  for (const command of [
    ['status', 'orders'],
    ['tags', 'orders'],
    ['promote', 'orders', '--full', '--yes'],
  ]) {
    const target = ['-n', 'shop', '--context', 'test', '--no-color', '-o', 'json']
    for (const line of [
      [...target, ...command],
      [...command, ...target],
    ]) {
      const { namespace, context, color, output } = await optionsOf(...line)
      assert.deepEqual(
        { namespace, context, color, output },
        { namespace: 'shop', context: 'test', color: false, output: 'json' },
      )
    }
  }
  assert.equal((await optionsOf('status')).color, true)
})

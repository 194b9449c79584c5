import { Command, Option } from 'commander'
import type { PluginWorld } from './plugin-world.ts'
import type { CommandVerb } from './rollout-command.ts'
import { runCommand } from './run-command.ts'
import { showStatus, showTags } from './show-status.ts'

/** Options of every command. */
export interface TargetOptions {
  readonly namespace?: string
  readonly context?: string
  readonly kubeconfig?: string
  readonly output?: 'json'
  /** false: --no-color was given. */
  readonly color: boolean
}

/** How a command comes by its world. */
export type OpenWorld = (options: TargetOptions) => Promise<PluginWorld>

/** The commands as `kubectl idgen --help` shows them. */
export function pluginProgram(open: OpenWorld, end: AbortSignal): Command {
  // Options of the program, so that they may stand before the command, too, as kubectl's own may.
  const program = withTarget(new Command('kubectl idgen'))
    .description('Looks at idgen on Kubernetes and steers its rollouts.')
    .showHelpAfterError('(kubectl idgen --help shows what there is)')
    .configureHelp({
      subcommandTerm: (command) => `${command.name()} ${command.usage().replace('[options] ', '')}`,
    })
  program
    .addCommand(statusCommand(open, end))
    .addCommand(promoteCommand(open))
    .addCommand(
      steering(open, 'abort', 'Give the rollout up and go back to the stable revision').option(
        '-y, --yes',
        'do not ask',
      ),
    )
    .addCommand(
      steering(open, 'retry', 'Try a blocked revision again').option(
        '--revision <revision>',
        'which one, if several are blocked',
      ),
    )
    .addCommand(steering(open, 'pause', 'Keep the rollout at its present share until it is resumed'))
    .addCommand(steering(open, 'resume', 'Let a paused rollout go on'))
    .addCommand(tagsCommand(open))
  return program
}

function statusCommand(open: OpenWorld, end: AbortSignal): Command {
  return newCommand('status', 'Draw the rollout, its analysis, revisions, tags and events')
    .argument('[name]', 'the IdGenerator; without it the only one of the namespace, or a list')
    .option('-w, --watch', 'draw anew until Ctrl-C')
    .action(async (name: string | undefined, { watch = false }: { watch?: boolean }, command: Command) => {
      const options = command.optsWithGlobals<TargetOptions>()
      const json = options.output === 'json'
      if (json && watch) command.error('error: --watch draws; leave out --output json')
      await showStatus(await open(options), { name, watch, json }, end)
    })
}

function tagsCommand(open: OpenWorld): Command {
  return newCommand('tags', 'List the BizTags and how full they are')
    .argument('<name>', 'the IdGenerator')
    .action(async (name: string, _options: object, command: Command) => {
      const options = command.optsWithGlobals<TargetOptions>()
      await showTags(await open(options), name, options.output === 'json')
    })
}

function promoteCommand(open: OpenWorld): Command {
  return steering(open, 'promote', 'End the hold of the current step, or approve it')
    .option('--full', 'go to 100 % at once, without holds and analysis')
    .option('-y, --yes', 'do not ask')
}

interface SteeringOptions extends TargetOptions {
  readonly full?: boolean
  readonly revision?: string
  readonly yes?: boolean
}

function steering(open: OpenWorld, verb: CommandVerb, description: string): Command {
  return newCommand(verb, description)
    .argument('<name>', 'the IdGenerator')
    .action(async (name: string, _options: object, command: Command) => {
      const options = command.optsWithGlobals<SteeringOptions>()
      await runCommand(await open(options), {
        verb: options.full === true ? 'promote-full' : verb,
        name,
        revision: options.revision,
        yes: options.yes === true,
        json: options.output === 'json',
      })
    })
}

function newCommand(name: string, description: string): Command {
  return new Command(name).description(description).configureHelp({ showGlobalOptions: true })
}

function withTarget(command: Command): Command {
  return command
    .option('-n, --namespace <namespace>', 'instead of that of the context')
    .option('--context <context>', 'of the kubeconfig, instead of the current one')
    .option('--kubeconfig <file>', 'instead of KUBECONFIG and ~/.kube/config')
    .addOption(new Option('-o, --output <format>', 'for programs').choices(['json']))
    .option('--no-color', 'plain text')
}

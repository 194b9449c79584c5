import { Command } from 'commander'
import { configOption } from './config-option.ts'
import type { ServeOptions } from './serve-process.ts'

export function serveCommand(): Command {
  return new Command('serve')
    .description('Run the service: HTTP, gRPC, Redis protocol and metrics.')
    .addOption(configOption())
    .option('--quickstart', 'make a demo workspace, four tags and a key, and print a line to paste')
    .action(serve)
}

/** Loaded where it is used only: the servers are most of what there is to load, and every other command is done sooner. */
async function serve(options: ServeOptions): Promise<void> {
  const { serve: serveProcess } = await import('./serve-process.ts')
  await serveProcess(options)
}

import { Command } from 'commander'
import { PostgresDeclarationStore } from '../adapters/postgres/postgres-declaration-store.ts'
import { parseTagPath } from '../app/tag-directory.ts'
import { ownerText } from '../core/declaration.ts'
import { configOption } from './config-option.ts'
import { COMMAND_ACTOR, withStores } from './with-stores.ts'

export function releaseCommand(): Command {
  return new Command('release')
    .description(
      'Forget which BizTag declares a tag, when that object is gone for good, or its cluster was restored from a backup.',
    )
    .argument('<tag>', 'workspace/group/tag')
    .addOption(configOption())
    .addHelpText('after', HELP)
    .action(release)
}

const HELP = `
Example:
  idgen tag release shop/orders/invoice

The tag and its numbers stay; whoever declares it next is taken. While the BizTag still exists delete that instead: its
operator would declare the tag again within minutes.`

async function release(path: string, options: { readonly config?: string }): Promise<void> {
  const ref = parseTagPath(path)
  await withStores(options.config, async ({ database, audit }) => {
    const { declaration, validKeys } = await new PostgresDeclarationStore(database).forget(ref)
    const { workspace } = ref
    audit.record({
      ...COMMAND_ACTOR,
      action: 'tag.forget',
      subject: path,
      workspace,
      detail: { declaration },
    })
    const whose = declaration === undefined ? 'nobody' : ownerText(declaration.owner)
    process.stdout.write(`${path} was declared by ${whose}, and is free now\n`)
    if (validKeys.length === 0) return
    process.stdout.write(
      'Keys that were made for it are valid until another BizTag declares the tag. To end them now:\n',
    )
    for (const id of validKeys) process.stdout.write(`  idgen key revoke ${id}\n`)
  })
}

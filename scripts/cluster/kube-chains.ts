import { runCommand } from './run-command.ts'

const TABLES = ['nat', 'filter', 'mangle'] as const
const PROGRAMS = ['iptables', 'ip6tables'] as const

/** Whether some Kubernetes has rules on this machine: a second one beside it would break both. */
export async function hasKubeChains(): Promise<boolean> {
  const rules = await runCommand('iptables', ['-w', '-t', 'nat', '-S']).catch(() => '')
  return ownChains(rules).some((chain) => chain.startsWith('KUBE-'))
}

/** What kube-proxy, kubelet and the CNI plugins left: they tidy up on a whole machine's end, never on their own. */
export async function removeKubeChains(): Promise<void> {
  for (const program of PROGRAMS)
    for (const table of TABLES) {
      const rules = await runCommand(program, ['-w', '-t', table, '-S']).catch(() => '')
      for (const command of removals(rules))
        await runCommand(program, ['-w', '-t', table, ...command]).catch(() => '')
    }
}

/** Commands that take the chains away, from what `iptables -S` prints: first what leads to them, then their content. */
export function removals(rules: string): string[][] {
  const chains = ownChains(rules)
  const jumps = rules
    .split('\n')
    .filter((line) => line.startsWith('-A ') && !OWN.test(line.split(' ')[1] ?? ''))
    .filter((line) => OWN.test(/ -j (\S+)/.exec(line)?.[1] ?? ''))
    .map((line) => ['-D', ...wordsOf(line.slice('-A '.length))])
  return [...jumps, ...chains.map((chain) => ['-F', chain]), ...chains.map((chain) => ['-X', chain])]
}

function ownChains(rules: string): string[] {
  return rules
    .split('\n')
    .map((line) => /^-N (\S+)/.exec(line)?.[1] ?? '')
    .filter((chain) => OWN.test(chain))
}

/** As a shell would split them: comments stand in quotes. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

const OWN = /^(?:KUBE-|CNI-)/

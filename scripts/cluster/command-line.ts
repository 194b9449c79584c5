/** `{ 'bind-address': 'x' }` as `--bind-address=x`, which all programs of Kubernetes understand. */
export function flags(values: Readonly<Record<string, string | number | boolean>>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`)
}

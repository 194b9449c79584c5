import { randomBytes } from 'node:crypto'

/**
 * Secrets that stand nowhere else in the world, and all that came out of processes that knew them. Each can be looked for in
 * the forms in which it would slip out.
 */
export class PlantedSecrets {
  readonly #secrets = new Map<string, string>()
  readonly #outputs = new Map<string, string>()

  /** A new one, of letters and digits, so that it looks the same in JSON, in URLs and in a shell. */
  plant(name: string, prefix = ''): string {
    const text = `${prefix}${randomBytes(24).toString('hex')}`
    return this.know(name, text)
  }

  /** One that others made. */
  know(name: string, text: string): string {
    this.#secrets.set(name, text)
    return text
  }

  /** What somebody may read: a log, an answer, a file. */
  came(from: string, text: string): void {
    this.#outputs.set(from, `${this.#outputs.get(from) ?? ''}${text}\n`)
  }

  get outputs(): ReadonlyMap<string, string> {
    return this.#outputs
  }

  /** "secret in output: the line" of all that slipped out; empty where nothing did. */
  found(): string[] {
    return [...this.#secrets].flatMap(([name, secret]) =>
      [...this.#outputs].flatMap(([from, text]) => {
        const form = formsOf(secret).find((one) => text.includes(one))
        if (form === undefined) return []
        const line = text.split('\n').find((one) => one.includes(form)) ?? ''
        return [`${name} in ${from}: ${line.slice(0, 400)}`]
      }),
    )
  }
}

/** As it is, encoded, and the half of it that a line cut short would show. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const base64 = bytes.toString('base64').replace(/=+$/, '')
  return [
    secret,
    encodeURIComponent(secret),
    base64,
    // One that begins a character later in a longer text is encoded in other letters; these are of its inside.
    Buffer.from(`x${secret}`).toString('base64').slice(4, -4),
    Buffer.from(`xx${secret}`).toString('base64').slice(4, -4),
    bytes.toString('hex'),
    secret.slice(-Math.floor(secret.length / 2)),
  ]
}

import type { IKeyValue } from 'etcd3'
import { invariant } from '../../core/invariant.ts'
import type { Entry } from '../../ports/coordinator.ts'

/** From `key` to before `range_end`, in the order of bytes. */
export interface KeyRange {
  readonly key: Buffer
  readonly range_end: Buffer
}

/** Keys of the port begin with a slash and are relative; in etcd a prefix stands before them. */
export class EtcdKeys {
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix.replace(/\/+$/, '')
  }

  toEtcd(key: string): Buffer {
    // Without the slash `/idgen` + `2/x` would reach into the keys of another installation.
    invariant(key.startsWith('/'), `a coordination key begins with a slash, not "${key}"`)
    return Buffer.from(this.#prefix + key)
  }

  fromEtcd(key: Buffer): string {
    const text = key.toString()
    invariant(text.startsWith(`${this.#prefix}/`), `etcd answered with a key of another prefix: ${text}`)
    return text.slice(this.#prefix.length)
  }

  below(prefix: string): KeyRange {
    const key = this.toEtcd(prefix)
    const range_end = Buffer.from(key)
    // A UTF-8 text never ends with 0xff, so the last byte can always be raised.
    range_end[range_end.length - 1] = (range_end.at(-1) ?? 0) + 1
    return { key, range_end }
  }

  entry(kv: IKeyValue): Entry {
    return {
      key: this.fromEtcd(kv.key),
      value: kv.value.toString(),
      createRevision: toRevision(kv.create_revision),
      modRevision: toRevision(kv.mod_revision),
    }
  }
}

/** etcd counts in 64 bits; beyond 2^53 two revisions would look alike here. */
export function toRevision(text: string): number {
  const revision = Number(text)
  invariant(Number.isSafeInteger(revision) && revision >= 0, `etcd revision ${text} is a safe integer`)
  return revision
}

import type { KeyListener, KeyNews } from '../../ports/key-news.ts'
import type { MemoryCatalog } from './memory-catalog.ts'

export class MemoryKeyNews implements KeyNews {
  readonly #catalog: MemoryCatalog

  constructor(catalog: MemoryCatalog) {
    this.#catalog = catalog
  }

  follow(listener: KeyListener): Disposable {
    const { keyListeners } = this.#catalog
    keyListeners.add(listener)
    listener.onAll()
    return { [Symbol.dispose]: () => void keyListeners.delete(listener) }
  }

  fault(): undefined {
    return undefined
  }
}

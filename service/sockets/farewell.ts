import type { Socket } from 'node:net'

/**
 * Last words to clients that are turned away. Closed at once, with their request on its way, they would be reset and never
 * read why; so they are listened to for a moment, as long as not too many are.
 */
export class Farewell {
  #lingering = 0

  /** Left out: there is nothing to say that it would understand. */
  say(socket: Socket, words?: string): void {
    socket.on('error', ignore)
    if (words === undefined || this.#lingering >= LINGERING_MAX) return void socket.destroy()
    this.#lingering += 1
    const late = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.once('close', () => {
      clearTimeout(late)
      this.#lingering -= 1
    })
    // A half that stays open would keep it until then.
    socket.once('end', () => socket.destroySoon())
    socket.resume()
    socket.end(words)
  }
}

/** A round trip to anywhere. */
const LINGER_MS = 1000
/** Refused connections must not become as many as those that are let in. */
const LINGERING_MAX = 100

/** The socket closes after it. */
function ignore(): void {}

import { availableParallelism } from 'node:os'

/**
 * This process' share of the processors it may use, 0..1, over the time since the last sample.
 * Sampled at most once a second: the dynamic step of a segment (R-1.3.2) needs no more.
 */
export class CpuShare {
  #usage = process.cpuUsage()
  #atMs = performance.now()
  #share = 0

  read(): number {
    const nowMs = performance.now()
    const elapsedMs = nowMs - this.#atMs
    if (elapsedMs < SAMPLE_EVERY_MS) return this.#share
    const usage = process.cpuUsage(this.#usage)
    const usedMs = (usage.user + usage.system) / 1000
    this.#share = Math.min(1, usedMs / (elapsedMs * availableParallelism()))
    this.#usage = process.cpuUsage()
    this.#atMs = nowMs
    return this.#share
  }
}

const SAMPLE_EVERY_MS = 1000

import { rateLevelsContract } from '../../../test/contracts/rate-levels.contract.ts'
import { MemoryClock } from './memory-clock.ts'
import { MemoryRateLevels } from './memory-rate-levels.ts'

rateLevelsContract('MemoryRateLevels', async () => {
  const clock = new MemoryClock()
  const levels = new MemoryRateLevels(clock)
  return { levels, others: levels, pass: async (ms) => clock.advance(ms), close: async () => undefined }
})

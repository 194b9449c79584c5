import { IdgenError } from '../core/errors.ts'

/** Makes something that may be there already; false: it was. */
export async function unlessPresent(make: () => Promise<unknown>): Promise<boolean> {
  try {
    await make()
    return true
  } catch (thrown) {
    if (IdgenError.from(thrown).code !== 'IDGEN_ALREADY_EXISTS') throw thrown
    return false
  }
}

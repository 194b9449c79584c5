/** `data` of a Secret, as the API has it: values in base64. */
export type SecretData = Readonly<Record<string, string>>

export function decoded(data: SecretData = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  )
}

export function encoded(text: Readonly<Record<string, string>>): SecretData {
  return Object.fromEntries(
    Object.entries(text).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  )
}

/** Where somebody wanted to be, as a form or a link says; only pages of ours, else the first one. */
export function ownPath(text: string | null): string {
  return text !== null && OWN.test(text) ? text : '/ui'
}

/** Printable ASCII without a backslash, which browsers take for a slash. */
const OWN = /^\/ui(?:[/?][\x21-\x5b\x5d-\x7e]{0,1000})?$/

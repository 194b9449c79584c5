/**
 * A form that changes something is sent once, however often its button is pressed: the answer to the first press would be replaced by
 * that to the second one, and with it a secret that is shown once, or the news that it was done. Whatever form a page has or gets
 * later, so that none can be forgotten; htmx sends its own ones. As text, since it runs in the browser alone.
 */
export const ONCE_SCRIPT = `'use strict'
let sentAt = new WeakMap()
document.addEventListener('submit', (event) => {
  const form = event.target
  if (!form.matches('form[method=post]:not([hx-post])')) return
  // As long as an impatient person waits: who stopped the browser meanwhile can send it again afterwards.
  if (event.timeStamp - (sentAt.get(form) ?? -Infinity) < 10000) event.preventDefault()
  else sentAt.set(form, event.timeStamp)
})
// Come back to by the browser's button: what was sent then is over.
addEventListener('pageshow', () => {
  sentAt = new WeakMap()
})
`

/**
 * A form with `data-once` is sent once, however often its button is pressed: the answer to the first press would be replaced by that to
 * the second one, and with it a secret that is shown once. As text, since it runs in the browser alone.
 */
export const ONCE_SCRIPT = `'use strict'
for (const form of document.querySelectorAll('form[data-once]')) {
  let sentAt = -Infinity
  form.addEventListener('submit', (event) => {
    // As long as an impatient person waits: who stopped the browser meanwhile can send it again afterwards.
    if (event.timeStamp - sentAt < 10000) event.preventDefault()
    else sentAt = event.timeStamp
  })
  // Come back to by the browser's button: what was sent then is over.
  addEventListener('pageshow', () => {
    sentAt = -Infinity
  })
}
`

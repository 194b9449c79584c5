/**
 * A form with `data-address` renews a part of its page while somebody types or chooses, so the address, and the way back from the
 * switch of language, follow it: loading the page anew, a bookmark and the switch keep what was chosen. Without scripts the form is sent
 * and has its address anyway. As text, since it runs in the browser alone.
 */
export const ADDRESS_SCRIPT = `'use strict'
for (const form of document.querySelectorAll('form[data-address]')) {
  form.addEventListener('input', () => {
    const url = location.pathname + '?' + new URLSearchParams(new FormData(form))
    const back = document.querySelector('form[action="/ui/preferences"] input[name=back]')
    if (back !== null) back.value = url
    // Safari takes a hundred in half a minute; the next one catches up.
    try {
      history.replaceState(history.state, '', url)
    } catch {}
  })
}
`

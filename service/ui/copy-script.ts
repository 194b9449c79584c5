/**
 * A button beside an example copies it. Hidden until this runs, and where the browser has no clipboard for the page (plain HTTP on
 * another host than localhost): a click on the example then selects all of it. As text, since it runs in the browser alone.
 */
export const COPY_SCRIPT = `'use strict'
for (const button of navigator.clipboard ? document.querySelectorAll('button[data-copy]') : []) {
  const figure = button.closest('figure')
  const status = figure.querySelector('[role=status]')
  button.addEventListener('click', async () => {
    status.textContent = ''
    try {
      await navigator.clipboard.writeText(figure.querySelector('pre').textContent)
      status.textContent = button.dataset.copied
    } catch {
      status.textContent = button.dataset.failed
    }
  })
  button.hidden = false
}
`

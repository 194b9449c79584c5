// The search of the documents' site: all words are in search-words.js, so it works from a folder, too.
const ROOT = document.currentScript.dataset.root
const MOST = 12 // more than a person looks through; better words help more

const field = document.getElementById('search')
const found = document.getElementById('found')

field.addEventListener('input', () => {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean)
  found.replaceChildren()
  if (words.length === 0) return
  const pages = window.SEARCH_WORDS.map((page) => ({ page, weight: weigh(page, words) }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, MOST)
  if (pages.length === 0) found.append('Nothing has all of these words.')
  for (const { page } of pages) {
    const link = document.createElement('a')
    link.href = `${ROOT}/${page.href}`
    link.textContent = page.title
    found.append(link)
  }
})

/** Every word must stand in the page; titles and headings weigh more than text. */
function weigh({ title, headings, text }, words) {
  let weight = 0
  for (const word of words) {
    const one =
      (title.toLowerCase().includes(word) ? 20 : 0) +
      (headings.includes(word) ? 5 : 0) +
      (text.includes(word) ? 1 : 0)
    if (one === 0) return 0
    weight += one
  }
  return weight
}

import { askLinks } from './asked-links.ts'
import { documents } from './documents.ts'
import { externalLinks, linkFaults } from './external-links.ts'
import { render } from './markdown.ts'

/** `make links`: asks every address of another host that a document links to; a fault of one is the exit code 1. */
const links = externalLinks(new Map(documents().map((document) => [document.path, render(document)])))
const asked = await askLinks(links.map(({ address }) => address))
const faults = [
  ...linkFaults(links),
  ...asked.flatMap(({ address, fault }) => {
    const pages = links.find((link) => link.address === address)?.pages ?? []
    return fault === undefined ? [] : [`${address} (${pages.join(', ')}): ${fault}`]
  }),
]
for (const fault of faults) console.error(fault)
console.log(`${links.length} addresses asked, ${faults.length} faults`)
if (faults.length > 0) process.exitCode = 1

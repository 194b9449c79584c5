import { type ChartValue, chartValues, flatten } from './chart-values.ts'

const BEGIN = '<!-- Made by `make generate` from values.yaml. Do not edit. -->'
const END = '<!-- End of what is made from values.yaml. -->'

/** The chart's README: the tables of all values take the place of what stands between the two marks. */
export function chartDocument(valuesText: string, present: string): string {
  const [begin, end] = [present.indexOf(BEGIN), present.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`the chart's README needs the lines "${BEGIN}" and "${END}"`)
  return `${present.slice(0, begin)}${BEGIN}\n\n${tables(chartValues(valuesText))}\n${present.slice(end)}`
}

function tables(values: readonly ChartValue[]): string {
  const sections = Map.groupBy(
    flatten(values).filter(({ children }) => children === undefined),
    ({ section }) => section,
  )
  return [...sections].map(([section, rows]) => table(section, rows)).join('\n')
}

function table(section: string, rows: readonly ChartValue[]): string {
  const lines = rows.map(
    ({ path, preset, description }) =>
      `| \`${path.join('.')}\` | ${inCode(preset)} | ${escaped(description)} |`,
  )
  return [`### ${section}`, '', '| Value | Default | What it is |', '|---|---|---|', ...lines, ''].join('\n')
}

function inCode(preset: unknown): string {
  return `\`${escaped(JSON.stringify(preset).replaceAll(/([,:])(?=["[{\d])/g, '$1 '))}\``
}

/** A bar would end the cell. */
function escaped(text: string): string {
  return text.replaceAll('|', '\\|')
}

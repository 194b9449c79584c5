import type { Dashboard } from './dashboards/dashboard.ts'
import { DATA_CENTRES } from './dashboards/data-centres.ts'
import { DEPENDENCIES } from './dashboards/dependencies.ts'
import { grafanaDashboard } from './dashboards/grafana.ts'
import { OPERATOR } from './dashboards/operator.ts'
import { OVERVIEW } from './dashboards/overview.ts'
import { TAGS } from './dashboards/tags.ts'

/** Every dashboard, in the order in which one looks at them. */
export const DASHBOARDS: readonly Dashboard[] = [OVERVIEW, TAGS, DATA_CENTRES, DEPENDENCIES, OPERATOR]

/** As Grafana reads them, by path. The chart has short copies: helm reads nothing outside of it, and a release is small. */
export function dashboardFiles(): Record<string, string> {
  return Object.fromEntries(
    DASHBOARDS.flatMap((dashboard) => {
      const made = grafanaDashboard(dashboard)
      const file = `${dashboard.name}.json`
      return [
        [`dashboards/${file}`, `${JSON.stringify(made, null, 2)}\n`],
        [`charts/idgen/files/dashboards/${file}`, `${JSON.stringify(made)}\n`],
      ]
    }),
  )
}

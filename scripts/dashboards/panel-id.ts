/**
 * The number of a panel, made of its title: 1 to 2^24. Addresses name panels by number, those that the admin UI frames
 * (service/ui/grafana-panels.ts) and those that people keep; counted through, each would mean another panel as soon as one is
 * put before it. It is FNV-1a, cut to 24 bits so that addresses stay short; grafana.ts refuses two of a dashboard that fall together.
 */
export function panelId(title: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(title)) hash = Math.imul(hash ^ byte, 0x01000193)
  return ((hash >>> 0) % 2 ** 24) + 1
}

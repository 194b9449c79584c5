/** Whether `path` is `part` or lies below it; both are '', `w`, `w/g` or `w/g/t`, and '' is everything. */
export function isWithin(path: string, part: string): boolean {
  return part === '' || path === part || path.startsWith(`${part}/`)
}

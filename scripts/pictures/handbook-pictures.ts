import { arrow, box, MARGIN, picture, TOP, text } from './drawing.ts'
import { drawLanes } from './lanes.ts'

/** The flows of docs/handbook.md, drawn. What stands here stands there in words. */

export function upgradePicture(): string {
  return drawLanes(
    'Upgrade',
    'The old and the new release run on one database together: no ID is in danger in any order, wherever it stops.',
    [
      {
        boxes: [
          { lines: ['Read the changes', 'CHANGELOG.md'] },
          { lines: ['Look at the schema', 'idgen migrate --status'] },
          {
            lines: ['Replace one process', '/readyz fails, it drains,', 'the new one starts'],
            tone: 'wait',
          },
          { lines: ['Then the next one', 'until all are new', '(Kubernetes: canary)'], tone: 'good' },
        ],
      },
      {
        name: 'Back, at any point',
        boxes: [
          { lines: ['Start the old release', 'instead, one by one'] },
          { lines: ['The schema stays new:', 'migrations only go', 'forward'] },
          { lines: ['The old release', 'runs on it'], tone: 'good' },
        ],
      },
    ],
  )
}

export function restorePicture(): string {
  return drawLanes(
    'Restore: what was lost decides what to do',
    'N is above all that was given out since the backup. In doubt take a larger one: left out numbers are a gap, never a duplicate.',
    [
      {
        name: 'PostgreSQL is lost, etcd is there',
        boxes: [
          { lines: ['Restore PostgreSQL'] },
          { lines: ['Start the processes'] },
          { lines: ['The witness in etcd knows', 'how far: they go on above'], tone: 'good' },
        ],
      },
      {
        name: 'PostgreSQL is lost, there is no etcd',
        boxes: [
          { lines: ['Stop every process,', 'then restore PostgreSQL'], tone: 'wait' },
          { lines: ['idgen tag advance --all --by N', 'N as said above'], tone: 'wait' },
          { lines: ['Start them a minute', 'after the last has stopped'], tone: 'good' },
        ],
      },
      {
        name: 'etcd is lost, PostgreSQL is there',
        boxes: [
          { lines: ['Restore etcd with --bump-revision', '--mark-compacted, or an empty one'] },
          { lines: ['Start the processes'] },
          { lines: ['Rows and copies in PostgreSQL', 'are ahead of it'], tone: 'good' },
        ],
      },
      {
        name: 'Both are lost',
        boxes: [
          { lines: ['Stop every process, restore both,', 'PostgreSQL from the later moment'], tone: 'wait' },
          { lines: ['idgen tag advance --all --by N', 'N as said above'], tone: 'wait' },
          { lines: ['Start them a minute', 'after the last has stopped'], tone: 'good' },
        ],
      },
      {
        name: 'Redis is lost',
        boxes: [
          { lines: ['Start an empty one', 'never restore it'] },
          { lines: ['Nothing else: it only', 'saves round trips'], tone: 'good' },
        ],
      },
    ],
  )
}

/** Two secrets over time: the new one begins before the old one ends. */
export function rotationPicture(): string {
  const at = (share: number): number => MARGIN + share * (WIDTH - 2 * MARGIN)
  const [rotated, inUse, ends] = [at(0.24), at(0.5), at(0.74)]
  const bar = (fromX: number, toX: number, y: number) => ({ x: fromX, y, width: toX - fromX, height: 48 })
  const below = TOP + 2 * 60 + 8
  return picture(
    {
      title: 'Rotate a key without a gap',
      sub: 'Both secrets are valid for --keep. Nobody who uses the key is cut off, if the new one is everywhere before it is over.',
      width: WIDTH,
      height: below + 96,
    },
    [
      box(bar(MARGIN, ends, TOP), ['The old secret is valid'], { tone: 'wait', strong: true }),
      box(bar(rotated, WIDTH - MARGIN, TOP + 60), ['The new secret is valid'], {
        tone: 'good',
        strong: true,
      }),
      ...(
        [
          [rotated, 'idgen key rotate ID --keep 12h', 'shows the new secret once'],
          [inUse, 'Put it into use everywhere', 'before --keep is over'],
          [ends, '--keep is over', 'the old one is refused'],
        ] as const
      ).flatMap(([x, what, more]) => [
        arrow(x, below + 30, x, below - 4),
        text(x + 8, below + 28, what, 'panel'),
        text(x + 8, below + 46, more),
      ]),
      text(
        MARGIN,
        below + 82,
        'A secret leaked? idgen key revoke ID: no process takes it any more within two seconds.',
        'tick',
      ),
    ],
  )
}

const WIDTH = 1100

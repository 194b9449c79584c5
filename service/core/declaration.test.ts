import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Declaration,
  refuseDeletion,
  settleDeclaration,
  type TagOwner,
  tagDeclared,
  type WantedDeclaration,
} from './declaration.ts'
import { IdgenError } from './errors.ts'

const OWNER: TagOwner = {
  cluster: 'c1',
  namespace: 'shop',
  name: 'invoice',
  uid: 'u1',
  createdAt: new Date(5000),
}
const RECORDED: Declaration = { owner: OWNER, generation: 5 }
const AGAIN: TagOwner = { ...OWNER, uid: 'u2' }
const STRANGERS: readonly TagOwner[] = [
  { ...AGAIN, cluster: 'c2' },
  { ...AGAIN, namespace: 'other' },
  { ...AGAIN, name: 'other' },
]

function settled(
  wanted: Partial<WantedDeclaration>,
  recorded: Declaration | undefined = RECORDED,
  over = false,
): boolean | string {
  try {
    return settleDeclaration('w/g/t', { declaration: recorded, over }, { ...RECORDED, ...wanted })
  } catch (error) {
    return IdgenError.from(error).code
  }
}

test('a tag that nobody declares is taken, unless the object gave it up before', () => {
  assert.equal(settleDeclaration('w/g/t', { declaration: undefined, over: false }, RECORDED), true)
  assert.throws(
    () => settleDeclaration('w/g/t', { declaration: undefined, over: true }, RECORDED),
    /IDGEN_|came too late.*uid u1/,
  )
})

test('of one object a higher generation counts, the same is a repeat, a lower one is late', () => {
  assert.equal(settled({ generation: 6 }), true)
  assert.equal(settled({ generation: 5 }), false)
  assert.equal(settled({ generation: 4 }), 'IDGEN_DECLARATION_STALE')
  assert.equal(settled({ generation: 4, takeOverFrom: 'u1' }), 'IDGEN_DECLARATION_STALE')
})

test('an object that was made again takes over from the older one, never the other way round', () => {
  assert.equal(settled({ owner: { ...AGAIN, createdAt: new Date(5001) }, generation: 1 }), true)
  assert.equal(settled({ owner: AGAIN, generation: 1 }), true, 'made within the same second')
  const older = { ...AGAIN, createdAt: new Date(4999) }
  assert.equal(settled({ owner: older, generation: 9 }), 'IDGEN_DECLARATION_STALE')
})

test('another object is refused, unless it names the recorded one as gone', () => {
  for (const owner of STRANGERS) {
    assert.equal(settled({ owner }), 'IDGEN_TAG_CLAIMED')
    assert.equal(settled({ owner, takeOverFrom: 'u0' }), 'IDGEN_TAG_CLAIMED')
    assert.equal(settled({ owner, takeOverFrom: 'u1', generation: 1 }), true)
    assert.equal(settled({ owner, takeOverFrom: 'u1' }, RECORDED, true), 'IDGEN_DECLARATION_STALE')
  }
})

test('a refusal names the object that declares the tag', () => {
  assert.throws(
    () =>
      settleDeclaration(
        'w/g/t',
        { declaration: RECORDED, over: false },
        { ...RECORDED, owner: { ...AGAIN, name: 'x' } },
      ),
    /w\/g\/t is declared by BizTag shop\/invoice \(uid u1, cluster c1\)/,
  )
  assert.match(tagDeclared('w/g/t', OWNER).message, /BizTag shop\/invoice \(uid u1, cluster c1\)/)
})

test('a declared tag is deleted by its own object only, an undeclared one by everybody', () => {
  refuseDeletion('w/g/t', undefined, undefined)
  refuseDeletion('w/g/t', RECORDED, 'u1')
  for (const [declaration, uid, code] of [
    [RECORDED, undefined, 'IDGEN_TAG_DECLARED'],
    [RECORDED, 'u2', 'IDGEN_TAG_CLAIMED'],
    [undefined, 'u1', 'IDGEN_DECLARATION_STALE'],
  ] as const)
    assert.throws(
      () => refuseDeletion('w/g/t', declaration, uid),
      (error) => IdgenError.from(error).code === code,
    )
})

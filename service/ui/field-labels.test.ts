import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UiVisitor } from '../../test/fixtures/ui-visitor.ts'
import { FORMAT_LABELS, fieldLabel, KEY_LABELS, ROTATION_LABELS, TAG_LABELS } from './field-labels.ts'
import { LANGUAGES } from './language.ts'

test('a fault names its field as the form does', () => {
  assert.equal(fieldLabel('/space/format/width', 'en'), 'Width')
  assert.equal(fieldLabel('/space/format', 'zh'), 'ID 格式')
  assert.equal(fieldLabel('/step/base', 'en'), 'Step of a segment (At first)')
  assert.equal(fieldLabel('/step/base', 'zh'), '号段步长（初始值）')
  assert.equal(fieldLabel('/chain', 'en'), 'Algorithms')
  assert.equal(fieldLabel('/space/dcCount', 'zh'), '数据中心数量（1 到 8）')
  for (const path of ['', '/', '/none', '/space/format/none', '/space/format/snowflake/epochMs', '/chain/0'])
    assert.equal(fieldLabel(path, 'en'), undefined, path)
})

test('every label stands on its form, in both languages', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const [, id = ''] = visitor.api.memory.keyText.split('_')
  for (const language of LANGUAGES) {
    await visitor.see('/ui/tags/new')
    await visitor.send('/ui/preferences', { language })
    const tag = await visitor.see('/ui/tags/new')
    const labels = { ...TAG_LABELS[language], ...FORMAT_LABELS[language] }
    for (const label of Object.values(labels)) assert.ok(tag.includes(label), label)
    const keys = await visitor.see('/ui/keys')
    for (const label of Object.values(KEY_LABELS[language])) assert.ok(keys.includes(label), label)
    const key = await visitor.see(`/ui/keys/${id}`)
    for (const label of Object.values(ROTATION_LABELS[language])) assert.ok(key.includes(label), label)
  }
})

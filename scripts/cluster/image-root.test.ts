import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { librariesOf } from './image-root.ts'

describe('the libraries of a program', () => {
  test('are read from what ldd prints, the loader too, the kernel’s own not', () => {
    const ldd = [
      '\tlinux-vdso.so.1 (0x00007f1abe156000)',
      '\tlibdl.so.2 => /lib/x86_64-linux-gnu/libdl.so.2 (0x00007f1abe140000)',
      '\t/lib64/ld-linux-x86-64.so.2 (0x00007f1abe158000)',
    ].join('\n')
    assert.deepEqual(librariesOf(ldd), ['/lib/x86_64-linux-gnu/libdl.so.2', '/lib64/ld-linux-x86-64.so.2'])
  })
})

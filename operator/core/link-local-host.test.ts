import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLinkLocalAddress, isLinkLocalHost } from './link-local-host.ts'

const hostOf = (written: string): string => new URL(`http://${written}:9090/x`).hostname

test('a link-local address is one in whatever spelling', () => {
  for (const written of [
    '169.254.169.254',
    '169.254.0.0',
    '169.254.255.255',
    '169.254.169.254.',
    '169.254.43518',
    '169.16689662',
    '2852039166',
    '0xa9fea9fe',
    '0xA9.0xFE.0xA9.0xFE',
    '0251.0376.0251.0376',
    '%3169.254.169.254',
    '１６９.254.169.254',
    '169。254。169。254',
    '[fe80::1]',
    '[FE80:0:0:0::1]',
    '[febf:ffff::]',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
    '[0:0:0:0:0:FFFF:A9FE:0]',
    '[::169.254.169.254]',
    '[::ffff:0:169.254.169.254]',
    '[64:ff9b::169.254.169.254]',
    '[2002:a9fe:a9fe::1]',
    '[fd00:ec2::254]',
    '[fd00:0ec2:0::0254]',
    '100.100.100.200',
    '100.100.100.200.',
    '1684301000',
    '0x64.0x64.0x64.0xC8',
    '[::ffff:100.100.100.200]',
    '[::100.100.100.200]',
    '[64:ff9b::100.100.100.200]',
    '[2002:6464:64c8::1]',
  ])
    assert.ok(isLinkLocalHost(hostOf(written)), `${written} is ${hostOf(written)}`)
})

test('so is one that a resolver gives, with or without an interface, and what is no address', () => {
  for (const address of [
    '169.254.169.254',
    'fe80::1',
    'fe80::1%eth0',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    'fd00:ec2::254',
    '100.100.100.200',
    '::ffff:100.100.100.200',
    '',
    'not an address',
  ])
    assert.ok(isLinkLocalAddress(address), address)
  for (const address of ['10.0.0.1', '127.0.0.1', '::1', '::ffff:10.0.0.1', 'fd00::1%eth0', '2001:db8::1'])
    assert.ok(!isLinkLocalAddress(address), address)
})

test('other addresses and names are none', () => {
  for (const written of [
    'prometheus',
    'prometheus.monitoring.svc',
    '169.254.example',
    '169-254-1-1.example',
    '169.253.255.255',
    '169.255.0.0',
    '10.169.254.1',
    '127.0.0.1',
    '[::1]',
    '[fe7f::1]',
    '[fec0::1]',
    '[fd00::1]',
    '[::ffff:10.0.0.1]',
    '[2001:db8::a9fe:a9fe]',
    '[fd00:ec2::255]',
    '100.100.100.201',
    '100.64.0.1',
    '[::ffff:100.100.100.201]',
  ])
    assert.ok(!isLinkLocalHost(hostOf(written)), written)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Endpoint, EndpointChoice } from './endpoint-choice.ts'

const OWN: Endpoint = { url: 'http://own', dc: 1 }
const FAR: Endpoint = { url: 'http://far', dc: 2 }
const FARTHER: Endpoint = { url: 'http://farther', dc: 3 }
const TAG_FAULT = { rests: false }
const ENDPOINT_FAULT = { rests: true }

function choice(...endpoints: Endpoint[]): EndpointChoice {
  return new EndpointChoice(endpoints, 1)
}

test('an answer in between begins the two seconds anew', () => {
  const of = choice(OWN, FAR)
  of.failed(OWN, 0, 0, 0, TAG_FAULT)
  of.succeeded(OWN, 4000)
  of.failed(OWN, 5000, 5000, 0, TAG_FAULT)
  assert.equal(of.away, false)
  of.failed(OWN, 6900, 7000, 0, TAG_FAULT)
  assert.equal(of.away, true)
})

test('a request that waited for two seconds in vain is enough', () => {
  const of = choice(OWN, FAR)
  of.failed(OWN, 0, 2000, 0, ENDPOINT_FAULT)
  assert.equal(of.away, true)
  assert.equal(of.pick(2000, 0).endpoint, FAR)
})

test('a failure that was sent before an answer came does not leave the data centre', () => {
  const of = choice(OWN, FAR)
  of.failed(OWN, 0, 100, 0, TAG_FAULT)
  of.failed(FAR, 0, 9000, 0, ENDPOINT_FAULT)
  assert.equal(of.away, false)
})

test('one of several that hangs does not leave the data centre while another one answers', () => {
  const second = { url: 'http://own-2', dc: 1 }
  const of = choice(OWN, second, FAR)
  of.succeeded(second, 1990)
  of.failed(OWN, 0, 2000, 0, ENDPOINT_FAULT)
  assert.equal(of.away, false)
  of.failed(OWN, 2000, 4000, 0, ENDPOINT_FAULT)
  assert.equal(of.away, true, 'two seconds after the last answer')
})

test('a trial that fails early tells those who wait for its end', () => {
  const of = choice(OWN)
  assert.equal(of.failed(OWN, 0, 0, 0, ENDPOINT_FAULT), false)
  of.began(OWN, 5000)
  assert.equal(of.failed(OWN, 2500, 2550, 0, ENDPOINT_FAULT), true)
})

test('without another data centre the own one is never left', () => {
  const of = choice(OWN)
  of.failed(OWN, 0, 9000, 0, ENDPOINT_FAULT)
  assert.equal(of.away, false)
  assert.equal(of.pick(9000, 0).endpoint, OWN)
})

test('the others are asked in the order of the list, one that rests after one that does not', () => {
  const of = choice(OWN, FAR, FARTHER)
  of.failed(OWN, 0, 2000, 0, ENDPOINT_FAULT)
  assert.equal(of.pick(2000, 0.99).endpoint, FAR)
  of.failed(FAR, 2000, 2000, 0, ENDPOINT_FAULT)
  assert.equal(of.pick(2000, 0.99).endpoint, FARTHER)
  of.failed(FARTHER, 2010, 2010, 0, ENDPOINT_FAULT)
  const { endpoint, waitMs } = of.pick(2010, 0)
  assert.equal(endpoint, FAR, 'its rest ends first')
  assert.ok(waitMs > 0 && waitMs <= 50, `${waitMs}`)
})

test('a probe is due once in a while, and only while the own one is left', () => {
  const of = choice(OWN, FAR)
  assert.equal(of.probe(0, 0), undefined)
  of.failed(OWN, 0, 2000, 0, ENDPOINT_FAULT)
  assert.equal(of.probe(2000, 0), undefined)
  assert.equal(of.probe(3000, 0), OWN)
  assert.equal(of.probe(3999, 0), undefined)
  assert.equal(of.probe(4000, 0), OWN)
  of.succeeded(OWN, 3000)
  assert.equal(of.probe(99_000, 0), undefined)
  assert.equal(of.pick(99_000, 0).endpoint, OWN)
})

test('what is learnt replaces what was learnt before, and what was configured stays', () => {
  const of = new EndpointChoice([{ url: 'http://any', dc: undefined }], 1)
  of.learn([FAR, OWN])
  assert.equal(of.pick(0, 0).endpoint, OWN)
  of.learn([FAR])
  assert.equal(of.pick(0, 0).endpoint.url, 'http://any')
  of.learn([])
  assert.equal(of.pick(0, 0).endpoint.url, 'http://any')
})

test('when all nodes of the own data centre are gone the next group is asked, not passed over or probed', () => {
  const balancer = { url: 'http://balancer', dc: undefined }
  const of = choice(balancer)
  of.learn([OWN, FAR])
  of.failed(OWN, 0, 2000, 0, ENDPOINT_FAULT)
  assert.equal(of.pick(2000, 0).endpoint, balancer)
  of.learn([FAR])
  assert.equal(of.pick(40_000, 0).endpoint, balancer)
  assert.equal(of.probe(40_000, 0), undefined)
  of.learn([OWN, FAR])
  assert.equal(of.pick(70_000, 0).endpoint, balancer, 'it is left until it answers')
  assert.equal(of.probe(70_000, 0), OWN)
})

import { FORM } from './scenario.ts'
import { testScenarios } from './scenario-tests.ts'
import { ETCD_LONG, ETCD_SHORT } from './scenarios/etcd-scenarios.ts'

testScenarios(FORM === 'long' ? ETCD_LONG : ETCD_SHORT)

import { FORM } from './scenario.ts'
import { testScenarios } from './scenario-tests.ts'
import { NETWORK_LONG, NETWORK_SHORT } from './scenarios/network-scenarios.ts'

testScenarios(FORM === 'long' ? NETWORK_LONG : NETWORK_SHORT)

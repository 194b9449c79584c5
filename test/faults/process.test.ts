import { FORM } from './scenario.ts'
import { testScenarios } from './scenario-tests.ts'
import { PROCESS_LONG, PROCESS_SHORT } from './scenarios/process-scenarios.ts'

testScenarios(FORM === 'long' ? PROCESS_LONG : PROCESS_SHORT)

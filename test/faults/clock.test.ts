import { FORM } from './scenario.ts'
import { testScenarios } from './scenario-tests.ts'
import { CLOCK_LONG } from './scenarios/clock-scenarios.ts'

// None in the short form: CI has minutes.
testScenarios(FORM === 'long' ? CLOCK_LONG : [])

import { FORM } from './scenario.ts'
import { testScenarios } from './scenario-tests.ts'
import { RESOURCE_LONG } from './scenarios/resource-scenarios.ts'

// None in the short form: CI has minutes.
testScenarios(FORM === 'long' ? RESOURCE_LONG : [])

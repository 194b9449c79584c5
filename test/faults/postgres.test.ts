import { FORM } from './scenario.ts'
import { testScenarios } from './scenario-tests.ts'
import { POSTGRES_LONG, POSTGRES_SHORT } from './scenarios/postgres-scenarios.ts'

testScenarios(FORM === 'long' ? POSTGRES_LONG : POSTGRES_SHORT)

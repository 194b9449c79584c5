import { FORM } from './scenario.ts'
import { testScenarios } from './scenario-tests.ts'
import { REDIS_LONG, REDIS_SHORT } from './scenarios/redis-scenarios.ts'

testScenarios(FORM === 'long' ? REDIS_LONG : REDIS_SHORT)

import type { KubeObject, Resource } from '../runtime/resource.ts'
import type { BizTagSpec, BizTagStatus } from './generated/biz-tag.ts'
import type { IdGeneratorSpec, IdGeneratorStatus } from './generated/id-generator.ts'

/** An installation of idgen in one data centre, as the API server gives it out: defaults filled in. */
export interface IdGenerator extends KubeObject {
  readonly spec: IdGeneratorSpec
  readonly status?: IdGeneratorStatus
}

/** A tag on an installation. */
export interface BizTag extends KubeObject {
  readonly spec: BizTagSpec
  readonly status?: BizTagStatus
}

export const ID_GENERATOR: Resource = {
  group: 'idgen.io',
  version: 'v1alpha1',
  kind: 'IdGenerator',
  plural: 'idgenerators',
  namespaced: true,
}

export const BIZ_TAG: Resource = {
  group: 'idgen.io',
  version: 'v1alpha1',
  kind: 'BizTag',
  plural: 'biztags',
  namespaced: true,
}

import { isErrorCode } from '../core/errors.ts'
import { errorTitle } from './error-page.ts'
import { bilingual } from './language.ts'
import type { Member } from './visit.ts'

/**
 * What an action of the audit log means, below its code: filters, exports and docs/audit.md have the code alone.
 * undefined: of a newer process, which knows more of them. action-words.test.ts holds the list against the sources.
 */
export function actionText({ say }: Member, action: string): string | undefined {
  return Object.entries(say(ACTION_WORDS)).find(([code]) => code === action)?.[1]
}

/** Who it was, where it was no API key. */
export function actorText({ say }: Member, actor: string): string | undefined {
  return Object.entries(say(ACTOR_WORDS)).find(([code]) => code === actor)?.[1]
}

/** How it ended: as a title of the error, where it is one. */
export function resultText(member: Member, result: string): string {
  if (isErrorCode(result)) return errorTitle(member, result)
  return result === 'ok' ? member.say(RESULT_WORDS).ok : result
}

export const ACTION_WORDS = bilingual(
  {
    'workspace.create': 'workspace made',
    'workspace.update': 'workspace changed',
    'workspace.delete': 'workspace deleted',
    'group.create': 'group made',
    'group.update': 'group changed',
    'group.delete': 'group deleted',
    'tag.create': 'tag made',
    'tag.update': 'tag changed',
    'tag.delete': 'tag deleted',
    'tag.declare': 'tag declared by a BizTag',
    'tag.release': 'declaration of a tag ended',
    'tag.import': 'tag taken over from another data centre',
    'tag.refused': 'change of a tag in etcd refused',
    'tag.advance': 'numbers skipped up to a floor',
    'tag.forget': 'declaration of a tag forgotten by hand; the tag stays',
    'key.create': 'API key made',
    'key.replace': 'API key replaced',
    'key.rotate': 'API key given another secret',
    'key.revoke': 'API key revoked',
    'key.refuse': 'API key refused',
    'settings.begin': 'first start with these settings',
    'settings.change': 'settings changed',
    'settings.refuse': 'settings refused',
    'algorithm.degrade': 'went over to another algorithm',
    'algorithm.recover': 'came back to its algorithm',
    'capacity.alert': 'number space nearly used up',
    'capacity.clear': 'number space has room again',
    'range.conflict': 'numbers claimed by two databases',
    'dc.claim': 'data centre claimed',
    'dc.claim-conflict': 'data centre claimed by another installation',
    'dc.claim-clear': 'conflict about the data centre is over',
    'store.history': 'database started anew or failed over',
    'store.regressed': 'database lost commits',
    'store.blind': 'numbers granted without etcd',
    'time.copy-behind': 'copy of a time grant is behind',
    'time.copy-caught-up': 'copy of a time grant caught up',
    'worker.acquired': 'worker id taken',
    'worker.lost': 'worker id lost',
    'worker.released': 'worker id given back',
    'worker.unavailable': 'no worker id to be had',
    'worker.refused': 'time grant refused',
    'coordination.switch': 'moved between PostgreSQL and etcd',
    'coordination.leave-witness': 'witness in etcd left',
    'alert.firing': 'alert began',
    'alert.resolved': 'alert ended',
    generate: 'IDs issued: one call',
    'generate.count': 'IDs issued: a minute of them',
    'audit.beat': 'process lives',
    'audit.drop': 'records had to be dropped',
    'audit.close': 'process stopped',
    'audit.expire': 'old months dropped',
    'audit.read': 'audit log read',
    'ui.sign-in': 'signed in here',
  },
  {
    'workspace.create': '创建工作空间',
    'workspace.update': '修改工作空间',
    'workspace.delete': '删除工作空间',
    'group.create': '创建分组',
    'group.update': '修改分组',
    'group.delete': '删除分组',
    'tag.create': '创建标签',
    'tag.update': '修改标签',
    'tag.delete': '删除标签',
    'tag.declare': '由 BizTag 声明标签',
    'tag.release': '标签的声明结束',
    'tag.import': '从其他数据中心接收标签',
    'tag.refused': '拒绝 etcd 中对标签的修改',
    'tag.advance': '跳过下限以内的号码',
    'tag.forget': '手动清除标签的声明，标签保留',
    'key.create': '创建 API 密钥',
    'key.replace': '替换 API 密钥',
    'key.rotate': '轮换 API 密钥',
    'key.revoke': '吊销 API 密钥',
    'key.refuse': 'API 密钥被拒绝',
    'settings.begin': '首次以此配置启动',
    'settings.change': '配置已变更',
    'settings.refuse': '配置变更被拒绝',
    'algorithm.degrade': '降级到其他算法',
    'algorithm.recover': '恢复原有算法',
    'capacity.alert': '号码空间即将用尽',
    'capacity.clear': '号码空间恢复充足',
    'range.conflict': '号码被两个数据库同时占用',
    'dc.claim': '登记数据中心',
    'dc.claim-conflict': '数据中心被其他安装占用',
    'dc.claim-clear': '数据中心占用冲突已解除',
    'store.history': '数据库重启或主备切换',
    'store.regressed': '数据库丢失了提交',
    'store.blind': '未经 etcd 见证而发放号码',
    'time.copy-behind': '时间授权的副本落后',
    'time.copy-caught-up': '时间授权的副本已同步',
    'worker.acquired': '取得工作机器编号',
    'worker.lost': '失去工作机器编号',
    'worker.released': '归还工作机器编号',
    'worker.unavailable': '没有可用的工作机器编号',
    'worker.refused': '时间授权被拒绝',
    'coordination.switch': '在 PostgreSQL 与 etcd 之间切换协调',
    'coordination.leave-witness': '停用 etcd 中的见证',
    'alert.firing': '告警触发',
    'alert.resolved': '告警解除',
    generate: '发号：单次调用',
    'generate.count': '发号：每分钟汇总',
    'audit.beat': '进程存活',
    'audit.drop': '有记录被丢弃',
    'audit.close': '进程停止',
    'audit.expire': '删除过期月份',
    'audit.read': '读取审计日志',
    'ui.sign-in': '登录管理界面',
  },
)

const ACTOR_WORDS = bilingual(
  {
    admin: 'auth.adminKey',
    system: 'a process of idgen',
    cli: 'the command line',
    etcd: 'a change in etcd',
    file: 'the configuration file',
    secrets: 'a file with a secret',
    start: 'the start of a process',
    unknown: 'a wrong key',
  },
  {
    admin: '配置的管理密钥',
    system: '系统进程',
    cli: '命令行',
    etcd: 'etcd 中的变更',
    file: '配置文件',
    secrets: '密钥文件',
    start: '进程启动',
    unknown: '错误的密钥',
  },
)

const RESULT_WORDS = bilingual({ ok: 'ok' }, { ok: '成功' })

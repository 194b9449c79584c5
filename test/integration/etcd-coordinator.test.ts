import { EtcdCoordinator } from '../../service/adapters/etcd/etcd-coordinator.ts'
import { coordinatorContract } from '../contracts/coordinator.contract.ts'
import { SILENT } from '../fixtures/silent-log.ts'
import { testEtcd } from './etcd-server.ts'

coordinatorContract('EtcdCoordinator on three members', async () => {
  const etcd = await testEtcd({ members: 3 })
  const opened: EtcdCoordinator[] = []
  return {
    open() {
      const { endpoints } = etcd
      const one = new EtcdCoordinator({ endpoints, prefix: '/idgen', timeoutMs: 5000, log: SILENT })
      opened.push(one)
      return one
    },
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    nowMs: () => Date.now(),
    async close() {
      await Promise.all(opened.map((one) => one.close()))
      await etcd.close()
    },
  }
})

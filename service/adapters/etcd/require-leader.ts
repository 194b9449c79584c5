import { InterceptingCall, type Interceptor } from '@grpc/grpc-js'

/**
 * Asks the member to end the stream when it loses touch with the leader (WithRequireLeader of etcd's own client).
 * Otherwise a member that is cut off from the others keeps the stream open and tells nothing new on it.
 */
export const requireLeader: Interceptor = (options, nextCall) =>
  new InterceptingCall(nextCall(options), {
    start(metadata, listener, next) {
      // A copy: etcd3 uses one object for all calls of a log-in.
      const own = metadata.clone()
      own.set('hasleader', 'true')
      next(own, listener)
    },
  })

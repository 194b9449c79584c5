import {
  OPERATOR_EVENTS,
  type OperatorLogEvent,
  type OperatorLogText,
} from '../operator/reconcile/operator-log.ts'
import { type Advice, act, fine, type LoggedEvent, worstFirst } from './log-advice.ts'

/** What each line of the operator's log means and what a person does about it. The compiler asks for one per event. */
const OPERATOR_LOG_ADVICE: Readonly<Record<OperatorLogEvent, Advice>> = {
  'operator.started': fine('It answers probes at this port and tries to lead.'),
  'operator.ended': fine(
    '`end`: `stopped` by a signal, or `lost`: another leads, and Kubernetes starts this one anew as a standby.',
  ),
  'leader.gained': fine('This process acts from now on; the others wait.'),
  'leader.lost': act(
    'The lease could not be renewed in time: the process ends, and another leads within 20 s. Pods and IDs are not concerned.',
    'If it comes often: look at the API server, and at the CPU that the operator gets.',
  ),
  'leader.given-back': fine('It was told to stop; another leads within 3 s.'),
  'leader.not-given-back': act(
    'It was told to stop and could not say so: the next leader waits until the lease is over, 15 s.',
    'Nothing; look at the API server if it comes often.',
  ),
  'leader.lease-unwritten': act(
    'At level debug another process was faster. At warn the API server did not take the lease; it is tried again.',
    'If it goes on, look at the API server, and whether the operator may still write Leases.',
  ),
  'reconcile.failed': act(
    'What an object needs could not be done; it is tried again, later each time.',
    'Read `err`. A right that is missing, a quota, an API server that does not answer: mend it, and nothing else is needed.',
  ),
  'reconcile.failed-for-good': act(
    'What an object asks for cannot be done, whenever it is tried.',
    'Read `err` and change the object; its conditions say the same.',
  ),
  'kubernetes.event-unwritten': act(
    'What `kubectl describe` would have shown is missing there.',
    'Nothing; look at the rights of the operator if it comes often.',
  ),
  'certificate.in-use': fine(
    'The port of probes and metrics speaks TLS with it, from its start or from now on.',
  ),
  'certificate.expired': act(
    'The files hold a certificate that is over. Kubelets do not mind; Prometheus refuses it, and the metrics of the operator are missing.',
    'Renew what is in `cert` and its key; the operator takes it in by itself.',
  ),
  'status.certificate-refused': act(
    'The files changed and are no usable pair: `fault` says why. The port goes on with the pair before.',
    'Put a PEM certificate and its key there; the operator takes them in by itself.',
  ),
  'cache.listed': fine('A kind was read as a whole, at start or after an interruption.'),
  'cache.lost': act(
    'What is known of a kind is not followed for a moment; it is read anew in `retryInMs`. Pods go on.',
    'If it goes on: read `err`; a right that is missing says so.',
  ),
  'cluster.kinds-unread': act(
    'Whether cert-manager, the Gateway API or the Prometheus operator is there could not be asked; what was known stays.',
    'Look at the API server if it goes on.',
  ),
  'generator.set-back': act(
    'Somebody changed an object of an IdGenerator that the operator sets; it was set back.',
    'Change the IdGenerator in place of the object. `err` names the field and who had changed it.',
  ),
  'generator.changed-meanwhile': fine('It is decided about anew at once.'),
  'canary.unseen': act(
    'The metrics of a canary could not be looked at because of a fault in the operator; the step waits.',
    'Read `err` and report it; `kubectl idgen promote` or `abort` goes on by hand.',
  ),
  'generator.admin-key-narrow': act(
    'The key in the Secret of `spec.auth.adminKeySecret` may not list all tags.',
    'Put a key there that has the scope manage and no limit of paths.',
  ),
  'biztag.changed-meanwhile': fine('It is decided about anew at once.'),
}

/** For docs/logs.md. */
export function operatorEvents(): LoggedEvent[] {
  return (Object.keys(OPERATOR_EVENTS) as OperatorLogText[]).map((text) => {
    const { event, levels, fields } = OPERATOR_EVENTS[text]
    return { text, event, levels: worstFirst(levels), fields, advice: OPERATOR_LOG_ADVICE[event] }
  })
}

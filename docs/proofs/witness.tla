------------------------------ MODULE witness ------------------------------
(***************************************************************************)
(* Segment grants of one (tag, dc): the row in PostgreSQL and the witness  *)
(* record in etcd guard each other (design.md section 2; the code is       *)
(* service/core/witness.ts and service/app/segment-allocator.ts).          *)
(*                                                                         *)
(*   row     next ----------> ceiling   owner      history (of the server) *)
(*   record  used ----------> ceiling   owner                              *)
(*                                                                         *)
(*   lock row -> read record -> move record -> write row -> COMMIT -> grant*)
(*                                                                         *)
(* Every step of every instance, and every fault, may come between any two *)
(* others. A crash is a rolled back transaction at any step.               *)
(***************************************************************************)
EXTENDS Integers, FiniteSets, TLC

CONSTANTS
  Instances,    \* processes that allocate: model values
  MaxNumber,    \* numbers are 0 .. MaxNumber - 1
  Step,         \* numbers in a segment
  Date,         \* numbers of one date, of a tag whose count begins anew with each; 0: its numbers have no dates
  Headroom,     \* how far the ceiling is moved ahead
  Losses,       \* times a server comes back with another history, with or without commits lost
  HiddenLosses, \* times a server loses commits and its history does not show it
  Splits,       \* 1: a second server may be promoted while the first still answers
  Restores,     \* times etcd is restored from an older state
  Late,         \* moves that may be on their way, to be applied at any later time
  EtcdAway,     \* TRUE: etcd may fail to answer at any call
  Etcd,         \* who is configured with etcd: "all" | "none" | "mixed" (each of them now with it, now without)
  Synchronous,  \* TRUE: a COMMIT without a notice is on the standby, which is what a failover goes back to
  Closes,       \* 1: the tag may be deleted
  Fallback,     \* after a move without an answer: "none" | "row" | "plan" (below)
  Remembered,   \* newest grants an instance may still give back; 0: nothing is given back
  BothLost,     \* FALSE: within the limits of the promise, the stores never lose the same grant
  Weakening     \* "none", or the name of a rule that is left out

VARIABLES
  rows,      \* server -> row
  histories, \* server -> its history now; 0: there is no such server
  backups,   \* server -> an earlier row of it, what it may lose its way back to
  etcd,      \* the witness record
  archive,   \* an earlier record, what etcd may be restored to
  late,      \* moves on their way: [before, after]
  instances, \* instance -> where it is
  out,       \* numbers handed to an instance and not given up by it: each may have been issued
  twice,     \* numbers handed out again while they were out
  high,      \* what a deletion left as the high water of all that was granted; 0: there was none
  budget     \* faults left

vars == <<rows, histories, backups, etcd, archive, late, instances, out, twice, high, budget>>

Servers == {1, 2}
Max(a, b) == IF a > b THEN a ELSE b
Min(a, b) == IF a < b THEN a ELSE b
Weak(name) == Weakening = name

NoRow == [next |-> 0, ceiling |-> 0, owner |-> 0]
NoRecord == [used |-> 0, ceiling |-> 0, owner |-> 0, closed |-> FALSE]
NoPlan == [lo |-> 0, hi |-> 0, ceiling |-> 0, owner |-> 0]

\* Everything an instance forgets when its transaction ends; `grants` it keeps.
Idle(grants) ==
  [at |-> "idle", server |-> 0, connected |-> FALSE, row |-> NoRow, history |-> 0, from |-> 0,
   view |-> NoRecord, plan |-> NoPlan, returning |-> FALSE, grants |-> grants]

Init ==
  /\ rows = [s \in Servers |-> NoRow]
  /\ histories = [s \in Servers |-> IF s = 1 THEN 1 ELSE 0]
  /\ backups = rows
  /\ etcd = NoRecord
  /\ archive = NoRecord
  /\ late = {}
  /\ instances = [i \in Instances |-> Idle({})]
  /\ out = {}
  /\ twice = {}
  /\ high = 0
  /\ budget = [losses |-> Losses, hidden |-> HiddenLosses, splits |-> Splits, restores |-> Restores]

---------------------------------------------------------------------------
(* What is decided: planGrant, planAlone and planReturn of core/witness.ts *)

\* The first number of the date that the database's clock says: any at any time, since a clock may do anything. Whether
\* that date has come for a grant (`notBeforeMs`) only takes behaviours away.
Floors == IF Date = 0 THEN {0} ELSE {Date * date: date \in 0 .. (MaxNumber - 1) \div Date}

\* First number above the date of `n`; without dates one that is never reached.
EndOfDate(n) == IF Date = 0 THEN 1000 ELSE (n \div Date + 1) * Date

\* Where a row stands that is read under `from`.
NextOf(row, from) == IF Weak("set the count back with the clock") THEN from ELSE Max(row.next, from)

\* With etcd. The ceiling is moved when less than half of the headroom would be left, of a date not beyond its end.
Planned(row, history, view, from) ==
  LET agree == (row.owner = history /\ view.owner = history) \/ Weak("no skip on a new history")
      known == Max(row.ceiling, view.ceiling)
      next == NextOf(row, from)
      base == IF agree THEN IF Weak("ceiling without used") THEN next ELSE Max(next, view.used)
                       ELSE Max(Max(next, view.used), known)
      hi == Min(base + Step, EndOfDate(base))
      raised == Min(Max(known, hi) + Headroom, EndOfDate(base))
  IN [lo |-> base, hi |-> hi, owner |-> history,
      ceiling |-> CASE agree /\ 2 * (known - hi) >= Headroom -> known
                    [] Weak("end the ceiling with the date") -> raised
                    [] OTHER -> Max(Max(known, hi), raised)]

\* Without etcd, from `atLeast` on: below the ceiling that was promised to this history. Empty: refused.
Alone(row, history, from, atLeast) ==
  LET promised == IF row.owner = history \/ Weak("ceiling of another history") THEN row.ceiling ELSE 0
      lo == Max(NextOf(row, from), atLeast)
      limit == IF Weak("proceed without etcd") \/ Weak("skip the witness") THEN MaxNumber ELSE promised
  IN [lo |-> lo, hi |-> Max(lo, Min(Min(Min(lo + Step, limit), MaxNumber), EndOfDate(lo))),
      ceiling |-> row.ceiling, owner |-> row.owner]

\* No etcd is configured (planWithout). A row that others have witnessed is refused.
MayGoWithout(row) == row.owner = 0 \/ Weak("grant past the witness")
Without(row, from) ==
  LET lo == Max(NextOf(row, from), row.ceiling)
  IN [lo |-> lo, hi |-> Min(Min(lo + Step, MaxNumber), EndOfDate(lo)), ceiling |-> 0, owner |-> row.owner]

\* [c, hi) goes back: nobody took more, by both stores. `view` is what etcd said.
MayReturn(row, history, view, plan) ==
  /\ ~view.closed
  /\ row.next = plan.hi \/ Weak("give back without comparing the row")
  /\ \/ row.owner = history /\ view.owner = history
     \/ Weak("give back without comparing the history")
  /\ view.used = plan.hi \/ Weak("give back without comparing used") \/ Weak("give back without comparing the row")

---------------------------------------------------------------------------
(* An allocation, step by step                                             *)

Locked(s) == \E i \in Instances: instances[i].at # "idle" /\ instances[i].server = s /\ instances[i].connected

Become(i, state) == instances' = [instances EXCEPT ![i] = state]

LockRow(i, s, from, plan, returning, grants) ==
  /\ histories[s] # 0
  /\ ~Locked(s)
  /\ Become(i, [Idle(grants) EXCEPT !.at = "locked", !.server = s, !.connected = TRUE, !.row = rows[s], !.from = from,
                                    !.history = histories[s], !.plan = plan, !.returning = returning])

Begin(i, s) ==
  /\ instances[i].at = "idle"
  /\ rows[s].next < MaxNumber
  /\ \E from \in Floors: LockRow(i, s, from, NoPlan, FALSE, instances[i].grants)
  /\ UNCHANGED <<rows, histories, backups, etcd, archive, late, out, twice, budget>>

\* A clean stop: the buffer is drained first, so [c, hi) is never issued by this instance again. One try only.
BeginReturn(i, s, g, c) ==
  /\ instances[i].at = "idle"
  /\ g.fresh \/ c = g.lo
  /\ LockRow(i, s, 0, [lo |-> c, hi |-> g.hi, ceiling |-> 0, owner |-> 0], TRUE,
             (instances[i].grants \ {g})
               \union IF Weak("give back twice") THEN {[lo |-> c, hi |-> g.hi, fresh |-> FALSE]} ELSE {})
  /\ out' = IF g.fresh /\ ~Weak("give back while issuing") THEN out \ (c .. g.hi - 1) ELSE out
  /\ UNCHANGED <<rows, histories, backups, etcd, archive, late, twice, budget>>

ReadRecord(i) ==
  /\ instances[i].at = "locked"
  /\ Etcd # "none"
  /\ ~Weak("skip the witness")
  /\ Become(i, [instances[i] EXCEPT !.at = "read", !.view = etcd])
  /\ UNCHANGED <<rows, histories, backups, etcd, archive, late, out, twice, budget>>

GoOnWith(i, plan) ==
  IF plan.hi > plan.lo /\ instances[i].connected
    THEN Become(i, [instances[i] EXCEPT !.at = "moved", !.plan = plan, !.view = NoRecord])
    ELSE Become(i, Idle(instances[i].grants))

EtcdSilent(i) ==
  /\ instances[i].at = "locked"
  /\ Etcd # "none"
  /\ EtcdAway \/ Weak("skip the witness")
  /\ IF instances[i].returning
       THEN Become(i, Idle(instances[i].grants))
       ELSE GoOnWith(i, Alone(instances[i].row, instances[i].history, instances[i].from, 0))
  /\ UNCHANGED <<rows, histories, backups, etcd, archive, late, out, twice, budget>>

\* An instance without etcd.
EtcdOff(i) ==
  LET x == instances[i] IN
  /\ x.at = "locked"
  /\ Etcd # "all"
  /\ CASE ~MayGoWithout(x.row) -> Become(i, Idle(x.grants))
       [] OTHER ->
            IF x.returning
              THEN IF x.row.next = x.plan.hi \/ Weak("give back without comparing the row")
                     THEN Become(i, [x EXCEPT !.at = "moved",
                                     !.plan = [lo |-> @.lo, hi |-> @.lo, ceiling |-> x.row.ceiling, owner |-> x.row.owner]])
                     ELSE Become(i, Idle(x.grants))
              ELSE GoOnWith(i, Without(x.row, x.from))
  /\ UNCHANGED <<rows, histories, backups, etcd, archive, late, out, twice, budget>>

\* What this instance wants etcd and the row to become, knowing `view`.
PlanOf(i) ==
  LET x == instances[i]
  IN IF x.returning
       THEN [lo |-> x.plan.lo, hi |-> x.plan.lo, ceiling |-> x.row.ceiling, owner |-> x.row.owner]
       ELSE Planned(x.row, x.history, x.view, x.from)
RecordOf(i) ==
  LET x == instances[i]
  IN IF x.returning
       THEN [x.view EXCEPT !.used = x.plan.lo]
       ELSE [used |-> PlanOf(i).hi, ceiling |-> PlanOf(i).ceiling, owner |-> PlanOf(i).owner, closed |-> FALSE]
Wanted(i) ==
  LET x == instances[i]
  IN IF x.returning THEN MayReturn(x.row, x.history, x.view, x.plan)
     ELSE PlanOf(i).hi <= MaxNumber /\ (~x.view.closed \/ Weak("grant from a closed record"))

Refuse(i) ==
  /\ instances[i].at = "read"
  /\ ~Wanted(i)
  /\ Become(i, Idle(instances[i].grants))
  /\ UNCHANGED <<rows, histories, backups, etcd, archive, late, out, twice, budget>>

\* The compare-and-set on the whole value. Somebody else moved it: read again.
Move(i) ==
  /\ instances[i].at = "read"
  /\ Wanted(i)
  /\ IF \/ etcd = instances[i].view
        \/ Weak("move without comparing")
        \/ instances[i].returning /\ Weak("give back without comparing used")
       THEN /\ etcd' = RecordOf(i)
            /\ IF instances[i].connected
                 THEN Become(i, [instances[i] EXCEPT !.at = "moved", !.plan = PlanOf(i), !.view = NoRecord])
                 ELSE Become(i, Idle(instances[i].grants))
       ELSE /\ etcd' = etcd
            /\ Become(i, [instances[i] EXCEPT !.at = "locked", !.view = NoRecord])
  /\ UNCHANGED <<rows, histories, backups, archive, late, out, twice, budget>>

\* The move has no answer: not applied, applied, or applied later; then the instance crashes or falls back.
MoveUnanswered(i) ==
  LET x == instances[i]
      message == [before |-> x.view, after |-> RecordOf(i)]
  IN
  /\ x.at = "read"
  /\ Wanted(i)
  /\ \/ etcd' = etcd /\ late' = late
     \/ etcd = x.view /\ etcd' = message.after /\ late' = late
     \/ etcd' = etcd /\ Cardinality(late) < Late /\ late' = late \union {message}
  /\ \/ Become(i, Idle(x.grants))
     \/ /\ EtcdAway /\ ~x.returning
        /\ \/ Weak("no answer counts as moved") /\ GoOnWith(i, PlanOf(i))
           \/ /\ Weak("fall back and write the new ceiling")
              /\ GoOnWith(i, [Alone(x.row, x.history, x.from, 0) EXCEPT !.ceiling = PlanOf(i).ceiling])
           \/ Fallback = "row" /\ GoOnWith(i, Alone(x.row, x.history, x.from, 0))
           \/ Fallback = "plan" /\ GoOnWith(i, Alone(x.row, x.history, x.from, PlanOf(i).lo))
  /\ UNCHANGED <<rows, histories, backups, archive, out, twice, budget>>

Granted(i, lo, hi) ==
  LET g == [lo |-> lo, hi |-> hi, fresh |-> TRUE]
      kept == instances[i].grants
  IN /\ twice' = twice \union ((lo .. hi - 1) \intersect out)
     /\ out' = out \union (lo .. hi - 1)
     /\ Become(i, Idle(IF Remembered = 0 THEN {} ELSE IF Cardinality(kept) < Remembered THEN kept \union {g} ELSE {g}))

\* The row is written to the end of the grant. `answered`: the command tag COMMIT came, without a notice; otherwise all is
\* burnt. A notice says that the wait for the standby was given up.
Commit(i, answered) ==
  LET x == instances[i]
      next == IF Weak("write max_id + step") /\ ~x.returning THEN x.row.next + Step ELSE x.plan.hi
  IN
  /\ x.at = "moved"
  /\ x.connected
  /\ rows' = [rows EXCEPT ![x.server] = [next |-> next, ceiling |-> x.plan.ceiling, owner |-> x.plan.owner]]
  /\ backups' = IF Synchronous /\ answered THEN [backups EXCEPT ![x.server] = rows'[x.server]] ELSE backups
  /\ IF (answered \/ Weak("count a COMMIT with a notice")) /\ ~x.returning
       THEN Granted(i, x.plan.lo, x.plan.hi)
       ELSE Become(i, Idle(x.grants)) /\ UNCHANGED <<out, twice>>
  /\ UNCHANGED <<histories, etcd, archive, late, budget>>

\* COMMIT in an aborted transaction answers ROLLBACK without an error.
TagNotChecked(i) ==
  /\ Weak("count the command tag ROLLBACK")
  /\ instances[i].at = "moved" /\ ~instances[i].returning
  /\ Granted(i, instances[i].plan.lo, instances[i].plan.hi)
  /\ UNCHANGED <<rows, histories, backups, etcd, archive, late, budget>>

\* Crash, error or rollback, at any step. What it held stays out; that it may still give back allows more, not less.
Crash(i) ==
  /\ instances[i].at # "idle"
  /\ Become(i, Idle(instances[i].grants))
  /\ UNCHANGED <<rows, histories, backups, etcd, archive, late, out, twice, budget>>

\* Paused too long, or cut off: the server frees the lock, the instance goes on without knowing.
LoseConnection(i) ==
  /\ instances[i].connected
  /\ instances[i].at # "moved"
  /\ Become(i, [instances[i] EXCEPT !.connected = FALSE])
  /\ UNCHANGED <<rows, histories, backups, etcd, archive, late, out, twice, budget>>

---------------------------------------------------------------------------
(* Faults of the stores                                                    *)

LateMove(message) ==
  /\ late' = late \ {message}
  /\ etcd' = IF etcd = message.before THEN message.after ELSE etcd
  /\ UNCHANGED <<rows, histories, backups, archive, instances, out, twice, budget>>

\* Within the limits: every number that is out is still known to etcd or to the database.
Remembers(record, table) ==
  \/ BothLost
  \/ \A n \in out: \/ n < record.ceiling
                   \/ \A s \in Servers: histories'[s] = 0 \/ n < Max(table[s].next, table[s].ceiling)

\* Histories never come again: 1 is the first.
NewHistory == 2 + (Losses - budget.losses) + (Splits - budget.splits)

\* Without its connection an instance can still move the record, but not commit.
Cut(state) == IF state.at = "moved" THEN Idle(state.grants) ELSE [state EXCEPT !.connected = FALSE]
Disconnect(s) ==
  instances' = [i \in Instances |-> IF instances[i].server = s THEN Cut(instances[i]) ELSE instances[i]]

\* What no fault can bring back any more is forgotten: fewer states.
Forget(kept, left) == IF left = 0 THEN [s \in Servers |-> NoRow] ELSE kept
Left == budget'.losses + budget'.hidden + budget'.splits

Backup(s) ==
  /\ budget.losses + budget.hidden + budget.splits > 0
  /\ histories[s] # 0
  /\ backups[s] # rows[s]
  /\ backups' = [backups EXCEPT ![s] = rows[s]]
  /\ UNCHANGED <<rows, histories, etcd, archive, late, instances, out, twice, budget>>

\* Failover with commits lost, a restored backup, or a mere restart: another history in every case.
Lose(s, row) ==
  /\ budget.losses > 0
  /\ histories[s] # 0
  /\ budget' = [budget EXCEPT !.losses = @ - 1]
  /\ rows' = [rows EXCEPT ![s] = row]
  /\ backups' = Forget([backups EXCEPT ![s] = row], Left)
  /\ histories' = [histories EXCEPT ![s] = NewHistory]
  /\ Disconnect(s)
  /\ Remembers(etcd, rows')
  /\ UNCHANGED <<etcd, archive, late, out, twice>>

\* The memory of the machine rolled back, fsync off: nothing shows it.
LoseHidden(s) ==
  /\ budget.hidden > 0
  /\ histories[s] # 0
  /\ budget' = [budget EXCEPT !.hidden = @ - 1]
  /\ rows' = [rows EXCEPT ![s] = backups[s]]
  /\ backups' = Forget(backups, Left)
  /\ Disconnect(s)
  /\ UNCHANGED <<histories, etcd, archive, late, out, twice>>

\* A standby is promoted, and the old primary still answers some instances.
Split(row) ==
  /\ budget.splits > 0
  /\ histories[2] = 0
  /\ budget' = [budget EXCEPT !.splits = @ - 1]
  /\ rows' = [rows EXCEPT ![2] = row]
  /\ backups' = Forget([backups EXCEPT ![2] = row], Left)
  /\ histories' = [histories EXCEPT ![2] = NewHistory]
  /\ Remembers(etcd, rows')
  /\ UNCHANGED <<etcd, archive, late, instances, out, twice>>

Archive ==
  /\ budget.restores > 0
  /\ archive # etcd
  /\ archive' = etcd
  /\ UNCHANGED <<rows, histories, backups, etcd, late, instances, out, twice, budget>>

Restore ==
  /\ budget.restores > 0
  /\ etcd # archive
  /\ budget' = [budget EXCEPT !.restores = @ - 1]
  /\ etcd' = archive
  /\ histories' = histories
  /\ Remembers(archive, rows)
  /\ archive' = IF budget'.restores = 0 THEN NoRecord ELSE archive
  /\ UNCHANGED <<rows, backups, late, instances, out, twice>>

\* The tag is deleted: the record is closed for good, by a compare-and-set on what was just read; the database deletes it
\* under the locks of its rows and counts what stands there.
Close ==
  /\ Closes > 0 /\ high = 0
  /\ \A s \in Servers: ~Locked(s)
  /\ budget.restores = 0
  /\ etcd' = [etcd EXCEPT !.closed = TRUE]
  /\ LET known == {etcd.used, etcd.ceiling}
               \union IF Weak("close without asking the database") THEN {}
                      ELSE UNION {{rows[s].next, rows[s].ceiling}: s \in {t \in Servers: histories[t] # 0}}
     IN high' = 1 + CHOOSE n \in known: \A m \in known: m <= n
  /\ UNCHANGED <<rows, histories, backups, archive, late, instances, out, twice, budget>>

---------------------------------------------------------------------------
Anything ==
  \/ \E i \in Instances:
       \/ \E s \in Servers: Begin(i, s)
       \/ \E s \in Servers: \E g \in instances[i].grants: \E c \in g.lo .. g.hi - 1: BeginReturn(i, s, g, c)
       \/ ReadRecord(i) \/ EtcdSilent(i) \/ EtcdOff(i) \/ Refuse(i) \/ Move(i) \/ MoveUnanswered(i)
       \/ Commit(i, TRUE) \/ Commit(i, FALSE) \/ TagNotChecked(i)
       \/ Crash(i) \/ LoseConnection(i)
  \/ \E message \in late: LateMove(message)
  \/ \E s \in Servers: Backup(s) \/ LoseHidden(s) \/ \E row \in {rows[s], backups[s]}: Lose(s, row)
  \/ \E row \in {rows[1], backups[1]}: Split(row)
  \/ Archive \/ Restore

Next == (Anything /\ high' = high) \/ Close

Spec == Init /\ [][Next]_vars

\* No number is handed out while somebody else may issue it.
Once == twice = {}

\* A tag made again under the same name begins at `high` - 1: nothing of the deleted one lies there.
Below == high = 0 \/ \A n \in out: n < high - 1

Symmetric == Permutations(Instances)
=============================================================================

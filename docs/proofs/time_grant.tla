----------------------------- MODULE time_grant -----------------------------
(***************************************************************************)
(* Time grants of one data centre out of etcd, guarded by a copy in        *)
(* PostgreSQL (design.md section 2; the code is                            *)
(* service/app/coordinated-time-grants.ts, worker-hold.ts, copied-time.ts  *)
(* and time-grant-keeper.ts).                                              *)
(*                                                                         *)
(*   etcd         holder[w]  who holds worker id w: create-revision, nonce *)
(*                time[w]    first millisecond nobody may use yet, nonce   *)
(*   PostgreSQL   copy[w]    the same time, nonce of the hold that wrote it*)
(*                                                                         *)
(*   take + read time -> read copy -> { raise time -> raise copy -> use }  *)
(*   stop stamping -> lower copy -> lower time and let go                  *)
(*                                                                         *)
(* Every step of every process, every message and every fault may come     *)
(* between any two others. Clocks do not appear: a process may be paused   *)
(* at any point, and a lease may run out at any moment. A millisecond      *)
(* counts as stamped as soon as its window may be used.                    *)
(***************************************************************************)
EXTENDS Integers, FiniteSets, TLC

CONSTANTS
  Instances,   \* processes: model values
  Workers,     \* worker ids: 1 .. Workers
  MaxMs,       \* milliseconds are 0 .. MaxMs - 1
  Window,      \* most milliseconds of one extension
  Holds,       \* acquisitions in all
  Late,        \* messages that may be on their way, to arrive at any later time
  Lowering,    \* TRUE: a process may stop and give the rest of its window back
  Restores,    \* times etcd is restored from an older state
  Bump,        \* TRUE: a restored etcd counts its revisions on from a number never seen
  Losses,      \* times PostgreSQL comes back with older copies
  Away,        \* PostgreSQL may fail to answer: "never" | "before" a restore of etcd | "always"
  TimersRight, \* TRUE: no lease runs out before its holder's monotonic clock says so
  BothLost,    \* FALSE: within the promise, a fault never takes what the other store does not know
  Weakening    \* "none", or the name of a rule that is left out

VARIABLES holder, time, revision, snapshot, copy, backup, late, instances, nonces, out, twice, budget
vars == <<holder, time, revision, snapshot, copy, backup, late, instances, nonces, out, twice, budget>>
etcd == <<holder, time, revision>>
faults == <<snapshot, backup, budget>>

Ids == 1 .. Workers
Max(a, b) == IF a > b THEN a ELSE b
Min(a, b) == IF a < b THEN a ELSE b
Weak(name) == Weakening = name

Nobody == [revision |-> 0, nonce |-> 0]
Never == [until |-> 0, nonce |-> 0]
Idle == [at |-> "idle", worker |-> 0, revision |-> 0, nonce |-> 0, text |-> Never, copy |-> Never,
         began |-> 0, until |-> 0, asked |-> 0, cursor |-> 0, overdue |-> "no"]
Nothing == [holder |-> [w \in Ids |-> Nobody], time |-> [w \in Ids |-> Never], revision |-> 0]
NoCopies == [w \in Ids |-> Never]

Init ==
  /\ holder = Nothing.holder
  /\ time = Nothing.time
  /\ revision = 0
  /\ snapshot = Nothing
  /\ copy = NoCopies
  /\ backup = NoCopies
  /\ late = {}
  /\ instances = [i \in Instances |-> Idle]
  /\ nonces = 0
  /\ out = {}
  /\ twice = {}
  /\ budget = [restores |-> Restores, losses |-> Losses]

Become(i, state) == instances' = [instances EXCEPT ![i] = state]
MayBeAway == Away = "always" \/ (Away = "before" /\ budget.restores = Restores)
Span(w, from, to) == {w} \X (from .. to - 1)

---------------------------------------------------------------------------
(* What the stores compare                                                 *)

\* In every transaction of a hold in etcd (WorkerHold.#holder).
StillHeld(h) ==
  /\ \/ holder[h.worker].revision = h.revision
     \/ Weak("create-revision not compared") \/ Weak("holder not compared")
  /\ \/ holder[h.worker].nonce = h.nonce
     \/ Weak("nonce not compared") \/ Weak("holder not compared")
  /\ holder[h.worker] # Nobody \/ Weak("holder not compared")

\* What an earlier try of this very hold may have left, its answer lost.
OwnTry(h) ==
  \/ time[h.worker].nonce = h.nonce
  \/ Weak("another hold's time taken for an own try") \/ Weak("nonce not compared") \/ Weak("holder not compared")
  \* Who reads the time elsewhere cannot compare it as it was read: the comparison alone would show that it was old.
  \/ Weak("until read outside the transaction")

SameTime(h) == time[h.worker] = h.text \/ Weak("time not compared")

\* TimeCopyStore.replace: exactly what this hold last knew, or what an earlier try of its own left.
MayReplace(w, before, after) ==
  \/ copy[w] = before
  \/ /\ copy[w].nonce = after.nonce
     /\ copy[w].until >= Min(before.until, after.until)
     /\ copy[w].until <= Max(before.until, after.until)
  \/ Weak("copy not compared")

---------------------------------------------------------------------------
(* Acquire                                                                 *)

\* Only a hint in the code: what a list said decides nothing.
List(i, w) ==
  /\ Weak("until read outside the transaction")
  /\ instances[i].at = "idle"
  /\ Become(i, [Idle EXCEPT !.at = "listed", !.worker = w, !.text = time[w]])
  /\ UNCHANGED <<etcd, copy, late, nonces, out, twice, faults>>

\* One transaction: nobody holds the id, write the holder, read the time. Without an answer, or with an answer that
\* nobody waits for, the id stays held until the lease runs out: that is this step and a crash.
Take(i, w) ==
  /\ \/ instances[i].at = "idle" /\ ~Weak("until read outside the transaction")
     \/ instances[i].at = "listed" /\ instances[i].worker = w
  /\ nonces < Holds
  /\ holder[w] = Nobody
  /\ nonces' = nonces + 1
  /\ revision' = revision + 1
  /\ holder' = [holder EXCEPT ![w] = [revision |-> revision', nonce |-> nonces']]
  /\ Become(i, [Idle EXCEPT !.at = "taken", !.worker = w, !.revision = revision', !.nonce = nonces',
                            !.text = IF instances[i].at = "listed" THEN instances[i].text ELSE time[w]])
  /\ UNCHANGED <<time, copy, late, out, twice, faults>>

Begin(i, known) ==
  LET h == instances[i]
      from == Max(h.text.until, known.until)
  IN Become(i, [h EXCEPT !.at = "held", !.copy = known, !.began = from, !.until = from, !.asked = from])

ReadCopy(i) ==
  /\ instances[i].at = "taken"
  /\ Begin(i, copy[instances[i].worker])
  /\ UNCHANGED <<etcd, copy, late, nonces, out, twice, faults>>

\* PostgreSQL does not answer the one who acquires. `copy` unknown: nonce -1.
BeginWithoutCopy(i) ==
  /\ Weak("acquire without the copy")
  /\ instances[i].at = "taken"
  /\ MayBeAway
  /\ Begin(i, [until |-> 0, nonce |-> -1])
  /\ UNCHANGED <<etcd, copy, late, nonces, out, twice, faults>>

---------------------------------------------------------------------------
(* Extend                                                                  *)

\* The same hold asks again for no less than it asked before.
Asks(h) == Max(h.until + 1, h.asked) .. Min(MaxMs, Max(h.until + Window, h.asked))

Raise(i, to) ==
  LET h == instances[i]
      w == h.worker
      after == [until |-> to, nonce |-> h.nonce]
  IN
  /\ h.at = "held"
  /\ to \in Asks(h)
  /\ CASE Weak("trust the lease timer") ->
            /\ time' = time
            /\ Become(i, [h EXCEPT !.at = "raised", !.text = after, !.asked = to])
       [] StillHeld(h) /\ SameTime(h) ->
            /\ time' = [time EXCEPT ![w] = after]
            /\ Become(i, [h EXCEPT !.at = "raised", !.text = after, !.asked = to,
                                   !.overdue = IF @ = "since" THEN "before" ELSE @])
       \* An earlier try of this hold, whose answer was lost: go on from what it left.
       [] StillHeld(h) /\ ~SameTime(h) /\ OwnTry(h) /\ time[w].until >= h.until /\ time[w].until <= to ->
            /\ time' = time
            /\ Become(i, [h EXCEPT !.text = time[w], !.asked = to])
       [] OTHER ->
            /\ time' = time
            /\ Become(i, Idle)
  /\ UNCHANGED <<holder, revision, copy, late, nonces, out, twice, faults>>

\* Not carried out, carried out, or carried out later; the process knows nothing and asks again.
RaiseUnanswered(i, to) ==
  LET h == instances[i]
      after == [until |-> to, nonce |-> h.nonce]
      message == [to |-> "etcd", hold |-> [worker |-> h.worker, revision |-> h.revision, nonce |-> h.nonce,
                  text |-> h.text], after |-> after, release |-> FALSE]
  IN
  /\ h.at = "held"
  /\ to \in Asks(h)
  /\ ~Weak("trust the lease timer")
  /\ Become(i, [h EXCEPT !.asked = to])
  /\ \/ /\ StillHeld(h) /\ SameTime(h)
        /\ time' = [time EXCEPT ![h.worker] = after]
        /\ late' = late
     \/ /\ Cardinality(late) < Late
        /\ late' = late \union {message}
        /\ time' = time
  /\ UNCHANGED <<holder, revision, copy, nonces, out, twice, faults>>

\* The window may be used from now on.
Use(i, state) ==
  LET h == instances[i]
      window == Span(h.worker, h.until, h.text.until)
  IN /\ twice' = twice \union (window \intersect out)
     /\ out' = out \union window
     /\ Become(i, [state EXCEPT !.at = "held", !.until = h.text.until])

CopyOf(h) == [until |-> h.text.until, nonce |-> h.nonce]

Copy(i) ==
  LET h == instances[i] IN
  /\ h.at = "raised"
  /\ h.copy.nonce # -1
  /\ ~Weak("use the window before it is copied")
  /\ IF MayReplace(h.worker, h.copy, CopyOf(h))
       THEN /\ copy' = [copy EXCEPT ![h.worker] = CopyOf(h)]
            /\ Become(i, [h EXCEPT !.at = "copied", !.copy = CopyOf(h),
                                   !.overdue = IF @ = "before" THEN "no" ELSE @])
       ELSE /\ copy' = copy
            /\ Become(i, Idle)
  /\ UNCHANGED <<etcd, late, nonces, out, twice, faults>>

\* etcd is asked once more, by the same compares: it may have forgotten the time meanwhile and given the worker id to
\* somebody whose copy PostgreSQL forgot. Without an answer the hold asks again: that is Raise later, or a crash.
Confirm(i) ==
  LET h == instances[i] IN
  /\ h.at = "copied"
  /\ IF (StillHeld(h) /\ SameTime(h)) \/ Weak("use without asking etcd again") \/ Weak("trust the lease timer")
       THEN Use(i, h)
       ELSE Become(i, Idle) /\ UNCHANGED <<out, twice>>
  /\ UNCHANGED <<etcd, copy, late, nonces, faults>>

\* etcd gave no answer to that question.
ConfirmUnanswered(i) ==
  /\ instances[i].at = "copied"
  /\ Become(i, [instances[i] EXCEPT !.at = "held"])
  /\ UNCHANGED <<etcd, copy, late, nonces, out, twice, faults>>

\* PostgreSQL is back and this hold began without it.
ReadCopyAtLast(i) ==
  LET h == instances[i] IN
  /\ h.at = "raised"
  /\ h.copy.nonce = -1
  /\ IF copy[h.worker].until > h.began
       THEN Become(i, Idle)
       ELSE Become(i, [h EXCEPT !.copy = copy[h.worker]])
  /\ UNCHANGED <<etcd, copy, late, nonces, out, twice, faults>>

\* No answer: the copy may be written, or not, or later. The window is used all the same, flagged; but not by a hold
\* that was silent for longer than its lease, and so may have been taken over: it waits for PostgreSQL.
CopyUnanswered(i) ==
  LET h == instances[i]
      message == [to |-> "copy", hold |-> [worker |-> h.worker, revision |-> 0, nonce |-> h.nonce, text |-> h.copy],
                  after |-> CopyOf(h), release |-> FALSE]
  IN
  /\ h.at = "raised"
  /\ MayBeAway
  /\ \/ copy' = copy /\ late' = late
     \/ /\ h.copy.nonce # -1 /\ MayReplace(h.worker, h.copy, CopyOf(h))
        /\ copy' = [copy EXCEPT ![h.worker] = CopyOf(h)]
        /\ late' = late
     \/ /\ h.copy.nonce # -1 /\ Cardinality(late) < Late
        /\ late' = late \union {message}
        /\ copy' = copy
  /\ IF h.overdue # "no" /\ ~Weak("go on after the lease without the copy")
       THEN Become(i, [h EXCEPT !.at = "held", !.overdue = "since"])
       ELSE Become(i, [h EXCEPT !.at = "copied"])
  /\ UNCHANGED <<etcd, nonces, out, twice, faults>>

\* The rule left out: used first, copied some time later or never.
UseBeforeCopy(i) ==
  /\ Weak("use the window before it is copied")
  /\ instances[i].at = "raised"
  /\ Use(i, instances[i])
  /\ UNCHANGED <<etcd, copy, late, nonces, faults>>

CopyLater(i) ==
  LET h == instances[i]
      after == [until |-> h.until, nonce |-> h.nonce]
  IN
  /\ Weak("use the window before it is copied")
  /\ h.at = "held" /\ h.until > h.began
  /\ MayReplace(h.worker, h.copy, after)
  /\ copy' = [copy EXCEPT ![h.worker] = after]
  /\ Become(i, [h EXCEPT !.copy = after])
  /\ UNCHANGED <<etcd, late, nonces, out, twice, faults>>

---------------------------------------------------------------------------
(* Release                                                                 *)

\* Every thread has stopped, no extension is under way: from `cursor` on nothing was stamped and nothing will be.
Stop(i, cursor) ==
  LET h == instances[i]
      left == Span(h.worker, cursor, h.until)
  IN
  /\ Lowering
  /\ h.at = "held"
  /\ cursor \in h.began .. h.until - 1
  /\ h.copy = [until |-> h.until, nonce |-> h.nonce]
  /\ out' = IF Weak("lower before the threads have stopped") THEN out ELSE out \ left
  /\ Become(i, [h EXCEPT !.at = "stopped", !.cursor = cursor])
  /\ UNCHANGED <<etcd, copy, late, nonces, twice, faults>>

LowerCopy(i) ==
  LET h == instances[i]
      after == [until |-> h.cursor, nonce |-> h.nonce]
      message == [to |-> "copy", hold |-> [worker |-> h.worker, revision |-> 0, nonce |-> h.nonce, text |-> h.copy],
                  after |-> after, release |-> FALSE]
      done == MayReplace(h.worker, h.copy, after)
  IN
  /\ h.at = "stopped"
  /\ \/ /\ copy' = IF done THEN [copy EXCEPT ![h.worker] = after] ELSE copy
        /\ late' = late
        /\ Become(i, IF done THEN [h EXCEPT !.at = "lowered"] ELSE Idle)
     \/ /\ MayBeAway
        /\ Cardinality(late) < Late
        /\ late' = late \union {message}
        /\ copy' = copy
        /\ Become(i, Idle)
  /\ UNCHANGED <<etcd, nonces, out, twice, faults>>

\* Lowers the time and lets the id go, in one transaction.
LowerTime(i) ==
  LET h == instances[i]
      after == [until |-> h.cursor, nonce |-> h.nonce]
      message == [to |-> "etcd", hold |-> [worker |-> h.worker, revision |-> h.revision, nonce |-> h.nonce,
                  text |-> h.text], after |-> after, release |-> TRUE]
  IN
  /\ h.at = "lowered"
  /\ \/ /\ IF StillHeld(h) /\ SameTime(h)
             THEN /\ time' = [time EXCEPT ![h.worker] = after]
                  /\ holder' = [holder EXCEPT ![h.worker] = Nobody]
             ELSE UNCHANGED <<time, holder>>
        /\ late' = late
     \/ /\ Cardinality(late) < Late
        /\ late' = late \union {message}
        /\ UNCHANGED <<time, holder>>
  /\ Become(i, Idle)
  /\ UNCHANGED <<revision, copy, nonces, out, twice, faults>>

---------------------------------------------------------------------------
(* Faults                                                                  *)

\* Killed, or told to give up, at any step. What it may have stamped stays stamped.
Crash(i) ==
  /\ instances[i].at # "idle"
  /\ Become(i, Idle)
  /\ UNCHANGED <<etcd, copy, late, nonces, out, twice, faults>>

\* At any moment. Who lives on is not told; with TimersRight his own clock tells him, sooner or later: `overdue` since his
\* last message that etcd took, or already before it.
Expire(w) ==
  /\ holder[w] # Nobody
  /\ holder' = [holder EXCEPT ![w] = Nobody]
  /\ instances' = [i \in Instances |->
       IF TimersRight /\ instances[i].worker = w /\ instances[i].nonce = holder[w].nonce
         THEN [instances[i] EXCEPT !.overdue = "since"]
         ELSE instances[i]]
  /\ UNCHANGED <<time, revision, copy, late, nonces, out, twice, faults>>

Arrive(m) ==
  LET w == m.hold.worker IN
  /\ late' = late \ {m}
  /\ IF m.to = "etcd"
       THEN /\ copy' = copy
            /\ IF StillHeld(m.hold) /\ SameTime(m.hold)
                 THEN /\ time' = [time EXCEPT ![w] = m.after]
                      /\ holder' = IF m.release THEN [holder EXCEPT ![w] = Nobody] ELSE holder
                 ELSE UNCHANGED <<time, holder>>
       ELSE /\ UNCHANGED <<time, holder>>
            /\ copy' = IF MayReplace(w, m.hold.text, m.after) THEN [copy EXCEPT ![w] = m.after] ELSE copy
  /\ UNCHANGED <<revision, instances, nonces, out, twice, faults>>

\* All that was stamped is known by the table. What a hold has raised and does not use yet says nothing of others: they
\* may have stamped it, and this is the hold that would stamp it again.
Known(table, w) ==
  LET own == {i \in Instances: instances[i].worker = w /\ instances[i].nonce = table[w].nonce}
  IN IF own = {} THEN table[w].until ELSE Min(table[w].until, instances[CHOOSE i \in own: TRUE].until)
Covered(table) == \A id \in out: id[2] < Known(table, id[1])
\* Where PostgreSQL may be away too, no window is just on its way from one store to the other.
NothingUnderWay == Away = "always" => \A i \in Instances: instances[i].at \notin {"raised", "copied"}

Snapshot ==
  /\ budget.restores > 0
  /\ snapshot' = [holder |-> holder, time |-> time, revision |-> revision]
  /\ snapshot # snapshot'
  /\ UNCHANGED <<etcd, copy, backup, late, instances, nonces, out, twice, budget>>

Restore ==
  /\ budget.restores > 0
  /\ snapshot # [holder |-> holder, time |-> time, revision |-> revision]
  /\ BothLost \/ (Covered(copy) /\ NothingUnderWay)
  /\ budget' = [budget EXCEPT !.restores = @ - 1]
  /\ holder' = snapshot.holder
  /\ time' = snapshot.time
  /\ revision' = IF Bump THEN revision + 1 + Holds ELSE snapshot.revision
  /\ snapshot' = IF budget'.restores = 0 THEN Nothing ELSE snapshot
  /\ UNCHANGED <<copy, backup, late, instances, nonces, out, twice>>

Backup ==
  /\ budget.losses > 0
  /\ backup # copy
  /\ backup' = copy
  /\ UNCHANGED <<etcd, copy, snapshot, late, instances, nonces, out, twice, budget>>

Lose ==
  /\ budget.losses > 0
  /\ copy # backup
  /\ BothLost \/ Covered(time)
  /\ budget' = [budget EXCEPT !.losses = @ - 1]
  /\ copy' = backup
  /\ backup' = IF budget'.losses = 0 THEN NoCopies ELSE backup
  /\ UNCHANGED <<etcd, snapshot, late, instances, nonces, out, twice>>

---------------------------------------------------------------------------
Next ==
  \/ \E i \in Instances:
       \/ \E w \in Ids: List(i, w) \/ Take(i, w)
       \/ ReadCopy(i) \/ BeginWithoutCopy(i)
       \/ \E to \in 1 .. MaxMs: Raise(i, to) \/ RaiseUnanswered(i, to)
       \/ Copy(i) \/ Confirm(i) \/ ConfirmUnanswered(i) \/ ReadCopyAtLast(i) \/ CopyUnanswered(i) \/ UseBeforeCopy(i) \/ CopyLater(i)
       \/ \E cursor \in 0 .. MaxMs: Stop(i, cursor)
       \/ LowerCopy(i) \/ LowerTime(i)
       \/ Crash(i)
  \/ \E w \in Ids: Expire(w)
  \/ \E m \in late: Arrive(m)
  \/ Snapshot \/ Restore \/ Backup \/ Lose

Spec == Init /\ [][Next]_vars

\* No millisecond of a worker id is stamped by two holds.
Once == twice = {}

Symmetric == Permutations(Instances)
=============================================================================

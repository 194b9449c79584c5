----------------------------- MODULE authority -----------------------------
(***************************************************************************)
(* Who grants the time of a data centre, and the switch between PostgreSQL *)
(* and etcd (service/app/switch-coordination.ts). One worker id.           *)
(*                                                                         *)
(*   1 database := moving      3 read every until, end the holds in etcd   *)
(*   2 etcd := moving + mark   4 etcd := until     (only to etcd)          *)
(*                             5 database := target, with until            *)
(*                             6 etcd := target                            *)
(*                                                                         *)
(* Holds of both kinds, two switches at once, and crashes of all of them   *)
(* may come between any two steps. A lease may run out at any moment.      *)
(***************************************************************************)
EXTENDS Integers, FiniteSets, TLC

CONSTANTS
  Instances,  \* processes that stamp: model values
  First,      \* who grants at the beginning: "postgres" | "etcd" | "any"
  Switches,   \* runs of the switch in all, two of them at once
  MaxMs,      \* milliseconds are 0 .. MaxMs - 1
  Holds,      \* acquisitions in all
  Away,       \* TRUE: PostgreSQL may fail to answer a process whose time etcd grants
  Losses,     \* times PostgreSQL loses its newest commits
  Weakening   \* "none", or the name of a rule that is left out

VARIABLES database, etcd, backup, instances, runs, nonces, marks, out, twice, losses
vars == <<database, etcd, backup, instances, runs, nonces, marks, out, twice, losses>>

Stores == {"postgres", "etcd"}
Max(a, b) == IF a > b THEN a ELSE b
Weak(name) == Weakening = name

Time(until, nonce) == [until |-> until, nonce |-> nonce]
Idle == [at |-> "idle", nonce |-> 0, used |-> 0, text |-> Time(0, 0), copy |-> Time(0, 0)]
NoRun == [at |-> "none", to |-> "etcd", moves |-> 0, seen |-> [store |-> "etcd", mark |-> 0], mark |-> 0, until |-> 0]
Runs == {1, 2}

\* A record of the authority is compared as a whole text; while it is moving it bears the mark of the run.
Init ==
  /\ \E first \in IF First = "any" THEN Stores ELSE {First}:
       /\ database = [store |-> first, moves |-> 0, time |-> Time(0, 0)]
       /\ etcd = [record |-> [store |-> first, mark |-> 0], time |-> Time(0, 0), holder |-> 0]
  /\ backup = database
  /\ instances = [i \in Instances |-> Idle]
  /\ runs = [r \in Runs |-> NoRun]
  /\ nonces = 0
  /\ marks = 0
  /\ out = {}
  /\ twice = {}
  /\ losses = Losses

Become(i, state) == instances' = [instances EXCEPT ![i] = state]
RunOn(r, state) == runs' = [runs EXCEPT ![r] = state]
Use(from, to) ==
  /\ twice' = twice \union ((from .. to - 1) \intersect out)
  /\ out' = out \union (from .. to - 1)

---------------------------------------------------------------------------
(* Holds out of PostgreSQL: one transaction each                           *)

\* Whoever held it before: his lease may have run out.
AcquireFromDatabase(i) ==
  /\ instances[i].at = "idle"
  /\ nonces < Holds
  /\ database.store = "postgres"
  /\ nonces' = nonces + 1
  /\ database' = [database EXCEPT !.time.nonce = nonces']
  /\ Become(i, [Idle EXCEPT !.at = "postgres", !.nonce = nonces', !.used = database.time.until])
  /\ UNCHANGED <<etcd, backup, runs, marks, out, twice, losses>>

ExtendInDatabase(i, to) ==
  LET h == instances[i] IN
  /\ h.at = "postgres"
  /\ to > h.used
  /\ IF /\ database.store = "postgres" \/ Weak("authority not compared by PostgreSQL")
        /\ database.time = Time(h.used, h.nonce)
       THEN /\ database' = [database EXCEPT !.time = Time(to, h.nonce)]
            /\ Become(i, [h EXCEPT !.used = to])
            /\ Use(h.used, to)
       ELSE Become(i, Idle) /\ UNCHANGED <<database, out, twice>>
  /\ UNCHANGED <<etcd, backup, runs, nonces, marks, losses>>

---------------------------------------------------------------------------
(* Holds out of etcd: raise there, then the copy                           *)

GrantsInEtcd == etcd.record = [store |-> "etcd", mark |-> 0] \/ Weak("authority not compared by etcd")

\* PostgreSQL's record is looked at first, etcd's is compared by the transaction that acquires.
LookAt(i) ==
  /\ instances[i].at = "idle"
  /\ database.store = "etcd"
  /\ Become(i, [Idle EXCEPT !.at = "looked"])
  /\ UNCHANGED <<database, etcd, backup, runs, nonces, marks, out, twice, losses>>

AcquireFromEtcd(i) ==
  /\ instances[i].at = "looked"
  /\ nonces < Holds
  /\ etcd.holder = 0
  /\ IF GrantsInEtcd
       THEN /\ nonces' = nonces + 1
            /\ etcd' = [etcd EXCEPT !.holder = nonces']
            /\ Become(i, [instances[i] EXCEPT !.at = "taken", !.nonce = nonces', !.text = etcd.time])
       ELSE Become(i, Idle) /\ UNCHANGED <<etcd, nonces>>
  /\ UNCHANGED <<database, backup, runs, marks, out, twice, losses>>

ReadCopy(i) ==
  LET h == instances[i] IN
  /\ h.at = "taken"
  /\ Become(i, [h EXCEPT !.at = "etcd", !.copy = database.time, !.used = Max(h.text.until, database.time.until)])
  /\ UNCHANGED <<database, etcd, backup, runs, nonces, marks, out, twice, losses>>

Raise(i, to) ==
  LET h == instances[i] IN
  /\ h.at = "etcd"
  /\ to > h.used
  /\ IF GrantsInEtcd /\ etcd.holder = h.nonce /\ etcd.time = h.text
       THEN /\ etcd' = [etcd EXCEPT !.time = Time(to, h.nonce)]
            /\ Become(i, [h EXCEPT !.at = "raised", !.text = Time(to, h.nonce)])
       ELSE Become(i, Idle) /\ etcd' = etcd
  /\ UNCHANGED <<database, backup, runs, nonces, marks, out, twice, losses>>

Copy(i) ==
  LET h == instances[i] IN
  /\ h.at = "raised"
  /\ IF /\ database.store = "etcd" \/ Weak("authority not compared by the copy")
        /\ database.time = h.copy
       THEN /\ database' = [database EXCEPT !.time = h.text]
            /\ Become(i, [h EXCEPT !.at = "etcd", !.copy = h.text, !.used = h.text.until])
            /\ Use(h.used, h.text.until)
       ELSE Become(i, Idle) /\ UNCHANGED <<database, out, twice>>
  /\ UNCHANGED <<etcd, backup, runs, nonces, marks, losses>>

CopyUnanswered(i) ==
  LET h == instances[i] IN
  /\ Away
  /\ h.at = "raised"
  /\ Become(i, [h EXCEPT !.at = "etcd", !.used = h.text.until])
  /\ Use(h.used, h.text.until)
  /\ UNCHANGED <<database, etcd, backup, runs, nonces, marks, losses>>

Expire ==
  /\ etcd.holder # 0
  /\ etcd' = [etcd EXCEPT !.holder = 0]
  /\ UNCHANGED <<database, backup, instances, runs, nonces, marks, out, twice, losses>>

Crash(i) ==
  /\ instances[i].at # "idle"
  /\ Become(i, Idle)
  /\ UNCHANGED <<database, etcd, backup, runs, nonces, marks, out, twice, losses>>

---------------------------------------------------------------------------
(* The switch                                                              *)

\* What the record in etcd is to become: set only where it is what this run knows.
SetEtcd(r, known, record, next) ==
  IF etcd.record = known \/ Weak("mark not compared")
    THEN etcd' = [etcd EXCEPT !.record = record] /\ RunOn(r, [runs[r] EXCEPT !.at = next])
    ELSE etcd' = etcd /\ RunOn(r, NoRun)

MoveDatabase(r, moves, store, until, next) ==
  IF database.moves = moves \/ Weak("moves not counted")
    THEN /\ database' = [store |-> store, moves |-> database.moves + 1,
                         time |-> Time(Max(database.time.until, until), 0)]
         /\ RunOn(r, [runs[r] EXCEPT !.at = next])
    ELSE database' = database /\ RunOn(r, NoRun)

Moving(r) == [store |-> "moving", mark |-> runs[r].mark]
Target(r) == [store |-> runs[r].to, mark |-> 0]
SameInEtcd(r) == etcd.record = Moving(r) \/ Weak("mark not compared")

\* An earlier run that was interrupted before its last step is only finished.
Begin(r, to) ==
  /\ runs[r].at = "none"
  /\ marks < Switches
  /\ ~(database.store = to /\ etcd.record.store = to)
  /\ marks' = marks + 1
  /\ RunOn(r, [NoRun EXCEPT !.at = IF database.store = to THEN "finish" ELSE "begun", !.to = to,
                            !.moves = database.moves, !.seen = etcd.record, !.mark = marks'])
  /\ UNCHANGED <<database, etcd, backup, instances, nonces, out, twice, losses>>

Finish(r) ==
  /\ runs[r].at = "finish"
  /\ SetEtcd(r, runs[r].seen, Target(r), "none")
  /\ UNCHANGED <<database, backup, instances, nonces, marks, out, twice, losses>>

FreezeDatabase(r) ==
  /\ runs[r].at = "begun"
  /\ IF Weak("PostgreSQL not frozen")
       THEN database' = database /\ RunOn(r, [runs[r] EXCEPT !.at = "database frozen", !.moves = @ - 1])
       ELSE MoveDatabase(r, runs[r].moves, "moving", 0, "database frozen")
  /\ UNCHANGED <<etcd, backup, instances, nonces, marks, out, twice, losses>>

FreezeEtcd(r) ==
  /\ runs[r].at = "database frozen"
  /\ IF Weak("etcd not frozen")
       THEN etcd' = etcd /\ RunOn(r, [runs[r] EXCEPT !.at = "frozen"])
       ELSE SetEtcd(r, runs[r].seen, Moving(r), "frozen")
  /\ UNCHANGED <<database, backup, instances, nonces, marks, out, twice, losses>>

Read(r) ==
  /\ runs[r].at = "frozen"
  /\ RunOn(r, [runs[r] EXCEPT !.at = "read", !.until = Max(database.time.until, etcd.time.until)])
  /\ UNCHANGED <<database, etcd, backup, instances, nonces, marks, out, twice, losses>>

\* Ends the holds in etcd and carries the time there: both only while etcd bears the mark of this run.
EndHolds(r) ==
  /\ runs[r].at = "read"
  /\ IF SameInEtcd(r) \/ Weak("etcd not frozen")
       THEN /\ etcd' = [etcd EXCEPT !.holder = 0]
            /\ RunOn(r, [runs[r] EXCEPT !.at = "ended"])
       ELSE etcd' = etcd /\ RunOn(r, NoRun)
  /\ UNCHANGED <<database, backup, instances, nonces, marks, out, twice, losses>>

Carry(r) ==
  LET x == runs[r] IN
  /\ x.at = "ended"
  /\ IF x.to = "etcd" /\ x.until > etcd.time.until /\ ~Weak("time not carried to etcd")
       THEN IF SameInEtcd(r) \/ Weak("etcd not frozen")
              THEN etcd' = [etcd EXCEPT !.time = Time(x.until, 0)] /\ RunOn(r, [x EXCEPT !.at = "carried"])
              ELSE etcd' = etcd /\ RunOn(r, NoRun)
       ELSE etcd' = etcd /\ RunOn(r, [x EXCEPT !.at = "carried"])
  /\ UNCHANGED <<database, backup, instances, nonces, marks, out, twice, losses>>

SetDatabase(r) ==
  LET x == runs[r] IN
  /\ x.at = "carried"
  /\ MoveDatabase(r, x.moves + 1, x.to, IF Weak("time not carried to PostgreSQL") THEN 0 ELSE x.until, "set")
  /\ UNCHANGED <<etcd, backup, instances, nonces, marks, out, twice, losses>>

SetTarget(r) ==
  /\ runs[r].at = "set"
  /\ SetEtcd(r, IF Weak("etcd not frozen") THEN runs[r].seen ELSE Moving(r), Target(r), "none")
  /\ UNCHANGED <<database, backup, instances, nonces, marks, out, twice, losses>>

CrashRun(r) ==
  /\ runs[r].at # "none"
  /\ RunOn(r, NoRun)
  /\ UNCHANGED <<database, etcd, backup, instances, nonces, marks, out, twice, losses>>

---------------------------------------------------------------------------
(* PostgreSQL loses its newest commits                                     *)

Backup ==
  /\ losses > 0
  /\ backup # database
  /\ backup' = database
  /\ UNCHANGED <<database, etcd, instances, runs, nonces, marks, out, twice, losses>>

Lose ==
  /\ losses > 0
  /\ backup # database
  /\ database' = backup
  /\ losses' = losses - 1
  /\ UNCHANGED <<etcd, backup, instances, runs, nonces, marks, out, twice>>

Next ==
  \/ \E i \in Instances:
       \/ AcquireFromDatabase(i) \/ LookAt(i) \/ AcquireFromEtcd(i) \/ ReadCopy(i)
       \/ \E to \in 1 .. MaxMs: ExtendInDatabase(i, to) \/ Raise(i, to)
       \/ Copy(i) \/ CopyUnanswered(i) \/ Crash(i)
  \/ \E r \in Runs:
       \/ \E to \in Stores: Begin(r, to)
       \/ Finish(r) \/ FreezeDatabase(r) \/ FreezeEtcd(r) \/ Read(r) \/ EndHolds(r) \/ Carry(r)
       \/ SetDatabase(r) \/ SetTarget(r) \/ CrashRun(r)
  \/ Expire \/ Backup \/ Lose

Spec == Init /\ [][Next]_vars

\* No millisecond of the worker id is stamped by two holds.
Once == twice = {}

Symmetric == Permutations(Instances)
=============================================================================

------------------------------- MODULE blocks -------------------------------
(***************************************************************************)
(* Segment blocks put aside in Redis and confirmed by etcd                 *)
(* (service/app/block-exchange.ts and shared-blocks.ts).                   *)
(*                                                                         *)
(*   put aside   etcd: create the record of the block -> Redis: push, once *)
(*   take        Redis: pop -> etcd: delete the record -> use              *)
(*                                                                         *)
(* Blocks are numbered as the database granted them, each once             *)
(* (witness.tla). Redis is not modelled as a store but as a mouth: asked   *)
(* for a block it names any, or, where Honest, each pushed one once.       *)
(***************************************************************************)
EXTENDS Integers, FiniteSets, TLC

CONSTANTS
  Instances,   \* processes: model values
  Blocks,      \* blocks that the database grants in all
  Honest,      \* TRUE: Redis never repeats a block and makes none up
  Late,        \* messages to etcd that may be on their way
  Restores,    \* times etcd is restored from an older state
  Weakening    \* "none", or the name of a rule that is left out

VARIABLES
  granted,   \* blocks the database has granted so far
  records,   \* blocks that have a record in etcd
  snapshot,  \* what etcd may be restored to
  cache,     \* pushed and not popped; where Honest only
  late,      \* messages on their way to etcd
  instances, \* instance -> what it does, with which block
  out,       \* blocks in use
  twice,     \* blocks that two may use
  restores

vars == <<granted, records, snapshot, cache, late, instances, out, twice, restores>>

Weak(name) == Weakening = name
Idle == [at |-> "idle", block |-> 0]
Become(i, state) == instances' = [instances EXCEPT ![i] = state]
All == 1 .. Blocks

Init ==
  /\ granted = 0
  /\ records = {}
  /\ snapshot = {}
  /\ cache = {}
  /\ late = {}
  /\ instances = [i \in Instances |-> Idle]
  /\ out = {}
  /\ twice = {}
  /\ restores = Restores

Use(b) ==
  /\ twice' = twice \union (out \intersect {b})
  /\ out' = out \union {b}

\* One allocation takes several steps of the database: some to use, one to put aside.
Grant(i) ==
  /\ instances[i].at = "idle"
  /\ granted < Blocks
  /\ granted' = granted + 1
  /\ Become(i, [at |-> "putting", block |-> granted'])
  /\ UNCHANGED <<records, snapshot, cache, late, out, twice, restores>>

\* Answered, or not: then the block is burnt, whether the record came or comes.
Record(i) ==
  LET b == instances[i].block IN
  /\ instances[i].at = "putting"
  /\ \/ records' = records \union {b} /\ late' = late /\ Become(i, [at |-> "pushing", block |-> b])
     \/ records' = records \union {b} /\ late' = late /\ Become(i, Idle)
     \/ /\ Cardinality(late) < Late
        /\ records' = records
        /\ late' = late \union {[put |-> TRUE, block |-> b]}
        /\ Become(i, Idle)
  /\ UNCHANGED <<granted, snapshot, cache, out, twice, restores>>

\* Pushed, or not, or nobody knows: the process is done with it in any case.
Push(i) ==
  LET b == instances[i].block IN
  /\ instances[i].at = "pushing"
  /\ cache' = IF Honest THEN cache \union {b} ELSE cache
  /\ Become(i, Idle)
  /\ IF Weak("use what could not be pushed") THEN Use(b) ELSE UNCHANGED <<out, twice>>
  /\ UNCHANGED <<granted, records, snapshot, late, restores>>

Pop(i) ==
  /\ instances[i].at = "idle"
  /\ \E b \in IF Honest THEN cache ELSE All:
       /\ cache' = cache \ {b}
       /\ Become(i, [at |-> "popped", block |-> b])
  /\ UNCHANGED <<granted, records, snapshot, late, out, twice, restores>>

\* Only the one who deletes the record uses the block.
Confirm(i) ==
  LET b == instances[i].block IN
  /\ instances[i].at = "popped"
  /\ records' = records \ {b}
  /\ Become(i, Idle)
  /\ IF b \in records \/ Weak("use without confirming") THEN Use(b) ELSE UNCHANGED <<out, twice>>
  /\ UNCHANGED <<granted, snapshot, cache, late, restores>>

\* No answer: deleted, not deleted, or deleted later. The block is given up.
ConfirmUnanswered(i) ==
  LET b == instances[i].block IN
  /\ instances[i].at = "popped"
  /\ \/ records' = records \ {b} /\ late' = late
     \/ /\ Cardinality(late) < Late
        /\ records' = records
        /\ late' = late \union {[put |-> FALSE, block |-> b]}
  /\ Become(i, Idle)
  /\ IF Weak("no answer counts as confirmed") THEN Use(b) ELSE UNCHANGED <<out, twice>>
  /\ UNCHANGED <<granted, snapshot, cache, restores>>

Crash(i) ==
  /\ instances[i].at # "idle"
  /\ Become(i, Idle)
  /\ UNCHANGED <<granted, records, snapshot, cache, late, out, twice, restores>>

Arrive(m) ==
  /\ late' = late \ {m}
  /\ records' = IF m.put THEN records \union {m.block} ELSE records \ {m.block}
  /\ UNCHANGED <<granted, snapshot, cache, instances, out, twice, restores>>

\* The lease of a record runs out.
Expire(b) ==
  /\ b \in records
  /\ records' = records \ {b}
  /\ UNCHANGED <<granted, snapshot, cache, late, instances, out, twice, restores>>

Snapshot ==
  /\ restores > 0
  /\ snapshot # records
  /\ snapshot' = records
  /\ UNCHANGED <<granted, records, cache, late, instances, out, twice, restores>>

Restore ==
  /\ restores > 0
  /\ snapshot # records
  /\ records' = snapshot
  /\ restores' = restores - 1
  /\ UNCHANGED <<granted, snapshot, cache, late, instances, out, twice>>

Next ==
  \/ \E i \in Instances:
       Grant(i) \/ Record(i) \/ Push(i) \/ Pop(i) \/ Confirm(i) \/ ConfirmUnanswered(i) \/ Crash(i)
  \/ \E m \in late: Arrive(m)
  \/ \E b \in All: Expire(b)
  \/ Snapshot \/ Restore

Spec == Init /\ [][Next]_vars

\* No block is used by two.
Once == twice = {}

Symmetric == Permutations(Instances)
=============================================================================

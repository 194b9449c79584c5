------------------------------- MODULE names -------------------------------
(***************************************************************************)
(* One name in two databases that share an etcd, whose tags may have       *)
(* snowflake layouts of their own: in which layouts it is ever stamped     *)
(* (decision 0043; the code is service/core/name-layouts.ts and            *)
(* tag-sync-plan.ts, service/app/layout-claims.ts, tag-sync.ts,            *)
(* coordinated-catalog.ts, range-watch.ts and tag-burial.ts).              *)
(*                                                                         *)
(*   etcd      claim, tombstone, settings of the name                      *)
(*   database  row of the live tag, graves of the deleted ones             *)
(*   process   compare at the start -> load the row -> look -> stamp       *)
(*                                                                         *)
(* A tag is its generation, a number; kinds[g] is its layout, 0 the one    *)
(* that all tags share. A layout counts as stamped for ever as soon as     *)
(* some process may stamp it: so a process that was paused, or cut off     *)
(* with a tag that is long deleted, is every process.                      *)
(***************************************************************************)
EXTENDS Integers, FiniteSets, Sequences

CONSTANTS
  Tags,       \* tags of the name that are made in all
  Layouts,    \* layouts that a tag may have of its own
  PastEtcd,   \* tags that may be made without asking etcd: before it was there, by a process without it
  Moved,      \* TRUE: database 1 was published in another etcd before, and has a tag of the name without a layout
  Losses,     \* times a database is restored to when it knew nothing of the name
  Restores,   \* times etcd is restored, or begins empty
  Backups,    \* TRUE: it is restored from any older state; FALSE: it begins empty
  Patient,    \* what people do after that: "nothing" | "new tags wait" | "conflicts settled, new tags wait"
  Hands,      \* keys that a person writes or takes away
  Knowing,    \* TRUE: such a person may also write the settings of somebody else's claim
  AskAll,     \* TRUE: nothing is stamped before each database has said that it knows no tag of the name with another layout
  Weakening   \* "none", or the name of a rule that is left out

VARIABLES
  kinds,      \* tag -> its layout, in the order in which they were made
  etcd,       \* what etcd has of the name
  snapshot,   \* what etcd may be restored to
  forgot,     \* etcd lost something, and not everybody has claimed again
  rows,       \* database -> its live tag, and whether it knows that etcd had the claim
  graves,     \* database -> its deleted tags, and the greatest high water that they left
  syncs,      \* database -> what the exchange with etcd is at (TagSync)
  makers,     \* database -> the creation that is under way
  processes,  \* database -> its process: the tag that it loaded, and whether it found the claims as its database has them
  answered,   \* what each database said of which tag's claim; AskAll only
  stamped,    \* layouts in which the name may have been stamped
  budget      \* what is left of the bounds

vars == <<kinds, etcd, snapshot, forgot, rows, graves, syncs, makers, processes, answered, stamped, budget>>
others == <<snapshot, forgot, answered, budget>>

Databases == {1, 2}
Max(a, b) == IF a > b THEN a ELSE b
Weak(name) == Weakening = name

(* High waters: of a tag without a layout somewhere below 2^53, of one with a layout 2^53. *)
Below == 1
All == 2

NoName == [claim |-> 0, high |-> 0, of |-> 0, settings |-> 0, by |-> 0, closed |-> {}]
NoRow == [tag |-> 0, published |-> FALSE, deleting |-> FALSE]
NoGrave == [tags |-> {}, high |-> 0]
NoSync == [at |-> "idle", tag |-> 0]
\* `mine`: it made the claim, and nobody made it newer since.
NoMaker == [at |-> "idle", tag |-> 0, mine |-> FALSE]
Init ==
  /\ kinds = IF Moved THEN <<0>> ELSE <<>>
  /\ etcd = NoName
  /\ snapshot = NoName
  /\ forgot = FALSE
  /\ rows = [d \in Databases |-> IF Moved /\ d = 1 THEN [NoRow EXCEPT !.tag = 1, !.published = TRUE] ELSE NoRow]
  /\ graves = [d \in Databases |-> NoGrave]
  /\ syncs = [d \in Databases |-> NoSync]
  /\ makers = [d \in Databases |-> NoMaker]
  /\ processes = [d \in Databases |-> [tag |-> 0, found |-> ~Moved \/ d = 2]]
  /\ answered = {}
  /\ stamped = {}
  /\ budget = [past |-> PastEtcd, losses |-> Losses, restores |-> Restores, hands |-> Hands]

---------------------------------------------------------------------------
(* What is decided                                                         *)

HighOf(tag) == IF kinds[tag] = 0 THEN Below ELSE All

\* bearsNoLayout of core/name-layouts.ts: may a tag without a layout be stamped, now and for ever?
BearsNone(name, tag) ==
  CASE name.claim = tag -> TRUE
    [] name.high = All /\ ~Weak("a tombstone of 2^53 counts as any other") -> FALSE
    [] name.claim = 0 -> name.high # 0 \/ Weak("a name that nobody has counts as free")
    [] kinds[name.claim] # 0 -> FALSE
    [] OTHER -> \/ name.high # 0
                \/ name.settings = name.claim
                \/ Weak("a claim without settings counts")

\* No tag of the name was deleted, as far as etcd and the database know: only then it takes a layout (core/used-name.ts).
MayHave(layout, name, d) ==
  \/ layout = 0
  \/ name.high = 0 /\ graves[d].tags = {}
  \/ Weak("a name that was used takes a layout")

\* Room is left below 2^53. Below it a new tag begins above the high water, or is refused: either may be.
HasRoom(name, d) == Max(name.high, graves[d].high) # All

\* Everybody else whose claim it was sees a newer one.
Newer(d) == makers[d].mine /\ Weak("a claim is taken back that others made newer")
ClaimedBy(d, at) == [x \in Databases |-> IF x = d THEN at ELSE [makers[x] EXCEPT !.mine = Newer(x)]]
ClaimedByNobody == [x \in Databases |-> [makers[x] EXCEPT !.mine = Newer(x)]]

\* It matters only to a database that forgot what it published: fewer states.
Publisher(d) == IF Losses = 0 THEN 0 ELSE d

MayMake == Patient = "nothing" \/ ~forgot

---------------------------------------------------------------------------
(* Tags are made and deleted                                               *)

New(layout) ==
  /\ Len(kinds) < Tags
  /\ kinds' = Append(kinds, layout)

\* Past etcd the database alone decides.
MakePastEtcd(d, layout) ==
  /\ budget.past > 0 /\ MayMake
  /\ rows[d].tag = 0
  /\ layout = 0 \/ graves[d].tags = {}
  /\ graves[d].high # All
  /\ New(layout)
  /\ rows' = [rows EXCEPT ![d] = [NoRow EXCEPT !.tag = Len(kinds')]]
  /\ budget' = [budget EXCEPT !.past = @ - 1]
  /\ UNCHANGED <<etcd, snapshot, forgot, graves, syncs, makers, processes, answered, stamped>>

\* CoordinatedCatalog.#claim: what was read is compared by the transaction that claims, so both are one step. A claim that
\* is there is joined, where it has the wanted layout, and made newer.
Claim(d, layout) ==
  LET present == IF etcd.claim \in graves[d].tags THEN 0 ELSE etcd.claim
      at(tag) == [at |-> "claimed", tag |-> tag, mine |-> present = 0]
  IN
  /\ makers[d].at = "idle" /\ MayMake
  /\ rows[d].tag = 0
  /\ etcd.settings = 0
  /\ MayHave(layout, etcd, d)
  /\ HasRoom(etcd, d)
  /\ IF present = 0
       THEN /\ New(layout)
            /\ etcd' = [etcd EXCEPT !.claim = Len(kinds')]
            /\ makers' = ClaimedBy(d, at(Len(kinds')))
       ELSE /\ kinds[present] = layout
            /\ makers' = ClaimedBy(d, at(present))
            /\ UNCHANGED <<kinds, etcd>>
  /\ UNCHANGED <<rows, graves, syncs, processes, stamped, others>>

Insertable(d, tag) ==
  /\ rows[d].tag = 0
  /\ tag \notin graves[d].tags
  /\ kinds[tag] = 0 \/ graves[d].tags = {}
  /\ graves[d].high # All

Make(d) ==
  LET tag == makers[d].tag IN
  /\ makers[d].at = "claimed" /\ MayMake
  /\ Insertable(d, tag)
  /\ rows' = [rows EXCEPT ![d] = [NoRow EXCEPT !.tag = tag]]
  /\ makers' = [makers EXCEPT ![d] = NoMaker]
  /\ UNCHANGED <<kinds, etcd, graves, syncs, processes, stamped, others>>

\* The database refuses for certain. Or nobody knows, or the process is gone: then the claim stays.
MakeFails(d, certain) ==
  /\ makers[d].at = "claimed"
  /\ makers' = [makers EXCEPT ![d] = IF certain /\ @.mine THEN [@ EXCEPT !.at = "refused"] ELSE NoMaker]
  /\ UNCHANGED <<kinds, etcd, rows, graves, syncs, processes, stamped, others>>

\* SharedNames.unclaim. The settings that were read are compared, so both are one step.
Unclaim(d) ==
  LET maker == makers[d] IN
  /\ maker.at = "refused"
  /\ makers' = [makers EXCEPT ![d] = NoMaker]
  /\ IF /\ etcd.claim = maker.tag
        /\ maker.mine
        /\ etcd.settings # maker.tag \/ Weak("a claim is taken back whose settings are there")
       THEN etcd' = [etcd EXCEPT !.claim = 0]
       ELSE etcd' = etcd
  /\ UNCHANGED <<kinds, rows, graves, syncs, processes, stamped, others>>

\* beginDeletion and buryTag: the deletion is noted, the witnesses are closed, then claim and settings go and the tombstone comes
\* in one transaction. Interrupted before that, only granting has ended.
Bury(d) ==
  LET tag == rows[d].tag
      high == Max(HighOf(tag), Max(etcd.high, graves[d].high))
      closed == [etcd EXCEPT !.closed = @ \union {tag}]
      left == [closed EXCEPT !.high = high, !.of = tag]
      gone == [left EXCEPT !.claim = 0, !.settings = 0, !.by = 0]
  IN
  /\ tag # 0
  /\ etcd.of # tag
  /\ rows' = [rows EXCEPT ![d].deleting = TRUE]
  /\ \/ etcd' = IF etcd.claim = tag THEN gone ELSE left
     \/ /\ Weak("the claim goes before the tombstone comes")
        /\ etcd.claim = tag
        /\ etcd' = [closed EXCEPT !.claim = 0, !.settings = 0, !.by = 0]
  /\ makers' = IF etcd'.claim = etcd.claim THEN makers ELSE ClaimedByNobody
  /\ UNCHANGED <<kinds, graves, syncs, processes, stamped, others>>

\* Where the tombstone is there, of this tag or of one after it: here, or in the other database, which hears of it.
Delete(d) ==
  LET tag == rows[d].tag IN
  /\ tag # 0
  /\ etcd.claim # tag \/ rows[d].deleting
  /\ etcd.high # 0
  /\ etcd.of = tag \/ (~rows[d].deleting /\ tag \in etcd.closed)
  /\ rows' = [rows EXCEPT ![d] = NoRow]
  /\ graves' = [graves EXCEPT ![d] = [tags |-> @.tags \union {tag}, high |-> Max(@.high, Max(etcd.high, HighOf(tag)))]]
  /\ UNCHANGED <<kinds, etcd, syncs, makers, processes, stamped, others>>

---------------------------------------------------------------------------
(* The exchange with etcd (TagSync), by planTagSync                        *)

Sync(d, state) == syncs' = [syncs EXCEPT ![d] = state]

Publishes(d, name) ==
  LET tag == rows[d].tag IN
  /\ tag # 0 /\ ~rows[d].deleting
  /\ \/ name.claim = tag /\ name.settings # tag
     \/ /\ name.claim # tag
        /\ name.high = 0 \/ (name.of # tag /\ tag \notin name.closed)
        /\ name.high # All
        /\ kinds[tag] = 0 \/ name.high = 0 \/ Weak("a name that was used takes a layout")
        /\ name.claim = 0 \/ name.claim \in graves[d].tags

WriteName(d, tag) ==
  /\ etcd' = [etcd EXCEPT !.claim = tag, !.settings = tag, !.by = Publisher(d)]
  /\ makers' = IF etcd.claim = tag THEN makers ELSE ClaimedByNobody
  /\ Sync(d, IF Losses = 0 THEN NoSync ELSE [at |-> "mark", tag |-> tag])
  /\ UNCHANGED <<kinds, rows, graves, processes, stamped, others>>

\* The transaction compares what was read of the name, so reading and writing are one step.
Publish(d) ==
  /\ syncs[d].at = "idle"
  /\ Publishes(d, etcd)
  /\ WriteName(d, rows[d].tag)

\* Without comparing they would be two.
PlanBlindly(d) ==
  /\ Weak("the name is written without comparing")
  /\ syncs[d].at = "idle"
  /\ Publishes(d, etcd)
  /\ Sync(d, [at |-> "publish", tag |-> rows[d].tag])
  /\ UNCHANGED <<kinds, etcd, rows, graves, makers, processes, stamped, others>>

PublishBlindly(d) == syncs[d].at = "publish" /\ WriteName(d, syncs[d].tag)

\* markPublished. Also where both agree and the database does not know it.
Mark(d) ==
  /\ rows[d].tag # 0
  /\ \/ /\ syncs[d].at = "mark"
        /\ rows[d].tag = syncs[d].tag \/ Weak("the mark names no generation")
        /\ Sync(d, NoSync)
     \/ /\ syncs[d].at = "idle" /\ ~rows[d].published
        /\ etcd.claim = rows[d].tag /\ etcd.settings = rows[d].tag
        /\ UNCHANGED syncs
  /\ rows' = [rows EXCEPT ![d].published = TRUE]
  /\ UNCHANGED <<kinds, etcd, graves, makers, processes, stamped, others>>

GiveUp(d) ==
  /\ syncs[d].at # "idle"
  /\ Sync(d, NoSync)
  /\ UNCHANGED <<kinds, etcd, rows, graves, makers, processes, stamped, others>>

\* What planUnknown says of settings that the database has no tag for.
Takes(d) ==
  LET tag == etcd.settings
      \* A tombstone beside a claim that this database published itself is of a rival, and came later.
      name == IF etcd.claim = tag /\ etcd.by = d THEN NoName ELSE etcd
  IN
  /\ tag \notin graves[d].tags /\ etcd.of # tag
  /\ MayHave(kinds[tag], name, d)
  /\ HasRoom(name, d)

BeginImport(d) ==
  LET tag == etcd.settings IN
  /\ syncs[d].at = "idle"
  /\ rows[d].tag = 0 /\ tag # 0
  /\ etcd.claim \in {0, tag}
  /\ Takes(d)
  /\ etcd' = [etcd EXCEPT !.claim = tag]
  /\ makers' = IF etcd.claim = tag THEN makers ELSE ClaimedByNobody
  /\ Sync(d, [NoSync EXCEPT !.at = "import", !.tag = tag])
  /\ UNCHANGED <<kinds, rows, graves, processes, stamped, others>>

Import(d) ==
  /\ syncs[d].at = "import"
  /\ Insertable(d, syncs[d].tag)
  /\ rows' = [rows EXCEPT ![d] = [NoRow EXCEPT !.tag = syncs[d].tag, !.published = TRUE]]
  /\ Sync(d, NoSync)
  /\ UNCHANGED <<kinds, etcd, graves, makers, processes, stamped, others>>

\* Settings that nobody owns go; of a claim that a restored etcd brought back the tombstone comes with it.
Remove(d) ==
  /\ rows[d].tag = 0 /\ etcd.settings # 0
  /\ IF etcd.claim # 0 /\ etcd.claim \in graves[d].tags
       THEN etcd' = [etcd EXCEPT !.claim = 0, !.settings = 0, !.by = 0, !.of = etcd.claim, !.high = Max(@, graves[d].high)]
       ELSE /\ etcd.claim = 0 /\ ~Takes(d)
            /\ etcd' = [etcd EXCEPT !.settings = 0, !.by = 0]
  /\ makers' = IF etcd'.claim = etcd.claim THEN makers ELSE ClaimedByNobody
  /\ UNCHANGED <<kinds, rows, graves, syncs, processes, stamped, others>>

\* RangeWatch.#raiseTombstones. Which of several tags was deleted last only their database knows: any will do here.
Raise(d) ==
  /\ etcd.high < graves[d].high
  /\ \E tag \in graves[d].tags:
       etcd' = [etcd EXCEPT !.high = graves[d].high, !.of = IF etcd.high = 0 THEN tag ELSE @]
  /\ UNCHANGED <<kinds, rows, graves, syncs, makers, processes, stamped, others>>

---------------------------------------------------------------------------
(* Processes stamp                                                         *)

Stamps(tag) == stamped' = stamped \union {kinds[tag]}

\* RangeWatch.check. A process that found no doubt once may do all that one may that starts anew, so none is; and where there was
\* nothing in the beginning it found none then.
Compare(d) ==
  /\ ~processes[d].found
  /\ rows[d].tag \in {0, etcd.claim}
  /\ processes' = [processes EXCEPT ![d].found = TRUE]
  /\ UNCHANGED <<kinds, etcd, rows, graves, syncs, makers, stamped, others>>

\* LayoutClaims.guardOf: a tag that is known as published, and is not doubtful, needs no look.
Load(d) ==
  LET row == rows[d]
      published == row.published \/ Weak("every tag counts as published")
      found == processes[d].found \/ Weak("what was published in any etcd needs no look")
      known == (published /\ found /\ ~AskAll) \/ Weak("a tag without a layout is stamped without a look")
  IN
  /\ row.tag # 0 /\ kinds[row.tag] \notin stamped
  /\ IF kinds[row.tag] = 0 /\ known
       THEN Stamps(row.tag) /\ processes' = [processes EXCEPT ![d].tag = 0]
       ELSE stamped' = stamped /\ processes' = [processes EXCEPT ![d].tag = row.tag]
  /\ UNCHANGED <<kinds, etcd, rows, graves, syncs, makers, others>>

\* ClaimLook: claim, tombstone and settings at one revision.
Look(d) ==
  LET tag == processes[d].tag IN
  /\ tag # 0
  /\ IF kinds[tag] = 0
       THEN BearsNone(etcd, tag)
       ELSE etcd.claim = tag \/ Weak("a layout is stamped without its claim")
  /\ AskAll => etcd.claim = tag /\ {<<each, tag>>: each \in Databases} \subseteq answered
  /\ Stamps(tag)
  /\ processes' = [processes EXCEPT ![d].tag = 0]
  /\ UNCHANGED <<kinds, etcd, rows, graves, syncs, makers, others>>

\* What would close the gap that is left: each database is asked, about this very claim, and knows of no tag that differs.
Answer(d) ==
  /\ AskAll
  /\ etcd.claim # 0
  /\ \A tag \in graves[d].tags \union ({rows[d].tag} \ {0}): kinds[tag] = kinds[etcd.claim]
  /\ kinds[etcd.claim] \notin stamped
  /\ answered' = {answer \in answered: answer[2] = etcd.claim} \union {<<d, etcd.claim>>}
  /\ answered' # answered
  /\ UNCHANGED <<kinds, etcd, snapshot, forgot, rows, graves, syncs, makers, processes, stamped, budget>>

---------------------------------------------------------------------------
(* Faults and people                                                       *)

\* A person writes the settings of a tag that nobody has yet, or, Knowing, of whoever claims; or takes them away.
WriteByHand(layout) ==
  /\ budget.hands > 0 /\ MayMake
  /\ budget' = [budget EXCEPT !.hands = @ - 1]
  /\ \/ New(layout) /\ etcd' = [etcd EXCEPT !.settings = Len(kinds'), !.by = 0]
     \/ Knowing /\ etcd.claim # 0 /\ kinds' = kinds /\ etcd' = [etcd EXCEPT !.settings = etcd.claim, !.by = 0]
     \/ etcd.settings # 0 /\ kinds' = kinds /\ etcd' = [etcd EXCEPT !.settings = 0, !.by = 0]
  /\ UNCHANGED <<snapshot, forgot, rows, graves, syncs, makers, processes, answered, stamped>>

\* Everything the database knew of the name is gone with its newest commits.
Lose(d) ==
  /\ budget.losses > 0
  /\ rows[d].tag # 0 \/ graves[d].tags # {}
  /\ budget' = [budget EXCEPT !.losses = @ - 1]
  /\ rows' = [rows EXCEPT ![d] = NoRow]
  /\ graves' = [graves EXCEPT ![d] = NoGrave]
  /\ UNCHANGED <<kinds, etcd, snapshot, forgot, syncs, makers, processes, answered, stamped>>

Snapshot ==
  /\ Backups
  /\ budget.restores > 0
  /\ snapshot # etcd
  /\ snapshot' = etcd
  /\ UNCHANGED <<kinds, etcd, forgot, rows, graves, syncs, makers, processes, answered, stamped, budget>>

Agree(name) == \A d \in Databases: rows[d].tag \in {0, name.claim}

\* Every database has claimed again what it has, and left its tombstones.
Settled(name) == Agree(name) /\ \A d \in Databases: graves[d].high <= name.high

\* Who follows the handbook starts all processes anew.
Restore ==
  /\ budget.restores > 0
  /\ etcd # snapshot
  /\ Patient = "conflicts settled, new tags wait" =>
       Agree(etcd) /\ \A d \in Databases: makers[d] = NoMaker /\ syncs[d] = NoSync
  /\ budget' = [budget EXCEPT !.restores = @ - 1]
  /\ etcd' = snapshot
  /\ snapshot' = NoName
  /\ forgot' = TRUE
  /\ processes' = IF Patient = "nothing" THEN processes ELSE [d \in Databases |-> [tag |-> 0, found |-> FALSE]]
  /\ UNCHANGED <<kinds, rows, graves, syncs, makers, answered, stamped>>

Remembered ==
  /\ forgot
  /\ Settled(etcd)
  /\ forgot' = FALSE
  /\ UNCHANGED <<kinds, etcd, snapshot, rows, graves, syncs, makers, processes, answered, stamped, budget>>

Next ==
  \/ \E d \in Databases:
       \/ \E layout \in 0 .. Layouts: MakePastEtcd(d, layout) \/ Claim(d, layout)
       \/ Make(d) \/ MakeFails(d, TRUE) \/ MakeFails(d, FALSE) \/ Unclaim(d)
       \/ Bury(d) \/ Delete(d)
       \/ Publish(d) \/ PlanBlindly(d) \/ PublishBlindly(d) \/ Mark(d) \/ GiveUp(d) \/ BeginImport(d) \/ Import(d) \/ Remove(d) \/ Raise(d)
       \/ Compare(d) \/ Load(d) \/ Look(d) \/ Answer(d)
       \/ Lose(d)
  \/ \E layout \in 0 .. Layouts: WriteByHand(layout)
  \/ Snapshot \/ Restore \/ Remembered

Spec == Init /\ [][Next]_vars

\* No name is stamped in two layouts.
Once == Cardinality(stamped) <= 1
=============================================================================
